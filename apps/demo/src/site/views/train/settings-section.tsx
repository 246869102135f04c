/** @jsxImportSource preact */
import type { ComponentChildren, JSX } from 'preact'
import { choices, problemOf, type Settings } from './settings.ts'
import { phase, pictures, settings, startRuns } from './training-session.ts'

/** On a phone the runs are below what was clicked. */
function start(): void {
  startRuns()
  document.getElementById('progress-title')?.scrollIntoView({ block: 'nearest' })
}

/** What is trained, and how. */
export function SettingsSection(): JSX.Element {
  const chosen = settings.value
  const state = pictures.value
  const isLocked = phase.value === 'running' || phase.value === 'paused'
  const problem = state.status === 'ready' ? problemOf(chosen, state.data) : undefined
  const change = (changes: Partial<Settings>): void => {
    settings.value = { ...settings.peek(), ...changes }
  }
  return (
    <section class="panel" aria-labelledby="settings-title">
      <h2 id="settings-title">2. Network and recipe</h2>
      <fieldset class="fields" disabled={isLocked}>
        <legend class="hidden">Network and recipe</legend>
        <Field label="Networks" wide>
          <select
            value={chosen.compare}
            onChange={({ currentTarget: { value } }) => change({ compare: value as Settings['compare'] })}
          >
            <option value="both">Both, side by side</option>
            <option value="branches">With branches only</option>
            <option value="plain">Without branches only</option>
          </select>
        </Field>
        <Field label="Branches a block (k)">
          <Select
            options={choices.branches}
            value={chosen.branches}
            onValue={(branches) => change({ branches })}
          />
        </Field>
        <Field label="Width of the layers">
          <Select options={choices.width} value={chosen.width} onValue={(width) => change({ width })} />
        </Field>
        <Field label="Epochs (passes)">
          <NumberInput value={chosen.epochs} onValue={(epochs) => change({ epochs })} />
        </Field>
        <Field label="Pictures a step">
          <Select
            options={choices.batchSize}
            value={chosen.batchSize}
            onValue={(batchSize) => change({ batchSize })}
          />
        </Field>
        <Field label="Learning rate">
          <NumberInput value={chosen.learningRate} onValue={(learningRate) => change({ learningRate })} />
        </Field>
        <Field label="Random seed">
          <NumberInput value={chosen.seed} onValue={(seed) => change({ seed })} />
        </Field>
        <label class="check wide">
          <input
            type="checkbox"
            checked={chosen.mirror}
            onChange={({ currentTarget }) => change({ mirror: currentTarget.checked })}
          />
          Mirror half of the pictures
        </label>
      </fieldset>
      <div class="row">
        <button
          type="button"
          disabled={isLocked || state.status !== 'ready' || problem !== undefined}
          onClick={start}
        >
          {phase.value === 'ended' ? 'Train anew' : 'Start training'}
        </button>
        <span class={problem ? 'problem' : 'muted'} role="status">
          {problem ?? (state.status === 'ready' ? '' : 'Choose pictures first.')}
        </span>
      </div>
    </section>
  )
}

function Field({
  label,
  wide = false,
  children,
}: {
  readonly label: string
  readonly wide?: boolean
  readonly children: ComponentChildren
}): JSX.Element {
  return (
    // biome-ignore lint/a11y/noLabelWithoutControl: the control is the child
    <label class={`field ${wide ? 'wide' : ''}`}>
      {label}
      {children}
    </label>
  )
}

interface ValueProps {
  readonly value: number
  readonly onValue: (value: number) => void
}

function Select({
  options,
  value,
  onValue,
}: ValueProps & { readonly options: readonly number[] }): JSX.Element {
  return (
    <select value={value} onChange={({ currentTarget }) => onValue(Number(currentTarget.value))}>
      {options.map((each) => (
        <option key={each} value={each}>
          {each}
        </option>
      ))}
    </select>
  )
}

function NumberInput({ value, onValue }: ValueProps): JSX.Element {
  return (
    <input
      type="number"
      min={0}
      step="any"
      value={Number.isNaN(value) ? '' : value}
      onInput={({ currentTarget }) => onValue(currentTarget.valueAsNumber)}
    />
  )
}
