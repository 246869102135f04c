/** @jsxImportSource preact */
import type { JSX } from 'preact'
import { useEffect } from 'preact/hooks'
import { backends, choice, choose } from '../state/choice.ts'
import { askMachine, backendFacts, machine, threadChoices } from '../state/machine.ts'
import { Option } from './option.tsx'

/** What the model runs on, and why it cannot run on the rest. */
export function BackendOptions(): JSX.Element {
  const { backend, threads } = choice.value
  const findings = machine.value
  useEffect(() => {
    void askMachine()
  }, [])
  const { counts, refusal } = threadChoices(findings)
  const offered = counts.includes(threads) ? counts : [...counts, threads].sort((a, b) => a - b)
  return (
    <fieldset>
      <legend>Runs on</legend>
      <div class="options two">
        {backends.map((each) => {
          const facts = backendFacts(each, findings)
          return (
            <Option
              key={each}
              name="backend"
              value={each}
              isChosen={backend === each}
              title={facts.title}
              about={
                <>
                  <span>{facts.about}</span>
                  {facts.refusal === undefined && (
                    <span class="chips">
                      {findings ? facts.features.join(', ') : 'looking at this machine…'}
                    </span>
                  )}
                </>
              }
              refusal={facts.refusal}
              onChoose={() => choose({ backend: each })}
            />
          )
        })}
      </div>
      <label class="row">
        <span>Threads of WebAssembly</span>
        <select
          value={threads}
          disabled={backend !== 'wasm' || offered.length === 1}
          onChange={({ currentTarget }) => choose({ threads: Number(currentTarget.value) })}
        >
          {offered.map((count) => (
            <option key={count} value={count}>
              {count}
            </option>
          ))}
        </select>
        <span class="muted">
          {refusal
            ? `No more here: ${refusal}`
            : findings && `this machine runs ${findings.parallelism} at a time`}
        </span>
      </label>
    </fieldset>
  )
}
