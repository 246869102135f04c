/** @jsxImportSource preact */
import { type StudyName, studies } from '@mobileone/measure/studies'
import type { JSX } from 'preact'
import type { Entry } from '../../../lineup.ts'
import { device } from '../../state/device.ts'
import { busyStudy, choice, choose, chosenNetworks, studyEntries } from './study-state.ts'

/** How much of a study, by whom. */
export function StudyChoice({ name }: { readonly name: StudyName }): JSX.Element {
  const { extent, contenders, only } = choice.value
  const { noGpu } = device.value
  const all = studies[name].networks()
  const chosen = chosenNetworks(name, choice.value)
  const isNamed = all.some(({ id }) => only.includes(id))
  const isRefused = ({ usesGpu }: Entry): boolean => usesGpu === true && noGpu !== undefined
  const quickCount = studies[name].networks({ quick: true }).length
  return (
    <form onSubmit={(event) => event.preventDefault()}>
      <fieldset class="study-choice" disabled={busyStudy.value !== undefined}>
        <fieldset class="inline">
          <legend>How much</legend>
          {(['quick', 'whole'] as const).map((each) => (
            <label key={each} class="chip">
              <input
                type="radio"
                name="extent"
                value={each}
                checked={extent === each && !isNamed}
                onChange={() => choose({ extent: each, only: [] })}
              />
              {each === 'quick'
                ? `A quick look: ${quickCount} networks`
                : `All of it: ${all.length} networks`}
            </label>
          ))}
        </fieldset>
        <fieldset class="inline">
          <legend>By whom</legend>
          {studyEntries.map((entry) => (
            <label key={entry.name} class="chip" data-refused={isRefused(entry) ? '' : undefined}>
              <input
                type="checkbox"
                name="contender"
                value={entry.name}
                checked={contenders.includes(entry.name)}
                disabled={isRefused(entry) && !contenders.includes(entry.name)}
                aria-describedby={isRefused(entry) ? 'no-gpu' : undefined}
                onChange={({ currentTarget }) => {
                  const next = studyEntries
                    .map((one) => one.name)
                    .filter((one) => (one === entry.name ? currentTarget.checked : contenders.includes(one)))
                  if (next.length > 0) choose({ contenders: next })
                  else currentTarget.checked = true
                }}
              />
              {entry.short}
            </label>
          ))}
          {noGpu !== undefined && (
            <p class="muted small study-refusal" id="no-gpu">
              No WebGPU here: {noGpu}.
            </p>
          )}
        </fieldset>
        <details>
          <summary>Choose networks</summary>
          <div class="network-boxes">
            {all.map(({ id, title }) => (
              <label key={id} class="chip">
                <input
                  type="checkbox"
                  name="network"
                  value={id}
                  checked={chosen.some((network) => network.id === id)}
                  onChange={({ currentTarget }) => {
                    const next = all
                      .map((network) => network.id)
                      .filter((one) =>
                        one === id ? currentTarget.checked : chosen.some((network) => network.id === one),
                      )
                    if (next.length > 0) choose({ only: next })
                    else currentTarget.checked = true
                  }}
                />
                {title}
              </label>
            ))}
          </div>
        </details>
      </fieldset>
    </form>
  )
}
