/** @jsxImportSource preact */
import type { JSX } from 'preact'
import { ChoiceBox } from '../../parts/choice-box.tsx'
import { presetOf, presets, protocolOf, type RunChoice } from './run-choice.ts'
import { choice, choose } from './run-state.ts'

interface NumberField {
  readonly name: 'rounds' | 'runs' | 'trim' | 'starts'
  readonly title: string
  readonly about: string
  readonly least: number
  readonly most: number
}

const fields: readonly NumberField[] = [
  { name: 'rounds', title: 'Rounds', about: 'Everyone has one turn in each.', least: 1, most: 10_000 },
  {
    name: 'runs',
    title: 'Runs of a turn',
    about: 'Timed; one untimed run goes before them.',
    least: 1,
    most: 10_000,
  },
  {
    name: 'trim',
    title: 'Left out',
    about: 'The so many fastest and slowest of a turn.',
    least: 0,
    most: 1000,
  },
  {
    name: 'starts',
    title: 'Fresh starts',
    about: 'Of load, compile and first run the medians count.',
    least: 1,
    most: 20,
  },
]

/** How it is measured. */
export function ProtocolChoice(): JSX.Element {
  const current = choice.value
  const preset = presetOf(current)
  const protocol = protocolOf(current)
  const values = {
    rounds: protocol.rounds,
    runs: protocol.runsPerTurn,
    trim: protocol.trim,
    starts: protocol.starts,
  }
  return (
    <section class="panel" aria-labelledby="protocol-title">
      <h3 id="protocol-title">How it is measured</h3>
      <p class="muted small">
        Nobody is timed whose answer is wrong. Networks of up to a billion multiply-adds are checked against
        the naive reference. Larger ones, on which that would take minutes, are checked against MobileOne’s
        own wasm backend, once that has agreed with the reference on the same weights at a smaller input.
      </p>
      <div class="choices" role="radiogroup" aria-labelledby="protocol-title">
        {presets.map(({ name, title, about, changes }) => (
          <ChoiceBox
            key={name}
            type="radio"
            name="preset"
            value={name}
            isChosen={preset?.name === name}
            title={title}
            about={about}
            onChange={() => choose(changes)}
          />
        ))}
      </div>
      <details class="family">
        <summary>
          <span>Numbers of your own</span>
          <span class="muted small">
            {preset
              ? `${values.rounds} × ${values.runs} runs`
              : `changed: ${values.rounds} × ${values.runs} runs`}
          </span>
        </summary>
        <div class="fields">
          {fields.map(({ name, title, about, least, most }) => (
            <label key={name} class="field">
              <span>{title}</span>
              <input
                type="number"
                inputMode="numeric"
                name={name}
                min={least}
                max={most}
                step={1}
                value={values[name]}
                aria-describedby={`${name}-about`}
                onChange={({ currentTarget }) => {
                  const value = Math.round(currentTarget.valueAsNumber)
                  if (value >= least && value <= most) choose({ [name]: value } as Partial<RunChoice>)
                  else currentTarget.value = String(values[name])
                }}
              />
              <span class="muted small" id={`${name}-about`}>
                {about}
              </span>
            </label>
          ))}
        </div>
      </details>
    </section>
  )
}
