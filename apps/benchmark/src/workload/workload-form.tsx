/** @jsxImportSource preact */
import type { JSX } from 'preact'
import { queryOf } from '../site/state/query.ts'
import { networkNames, workloadTitle } from './networks.ts'
import { backendNames, mostRuns, type WorkloadOptions, workloadParameters } from './options.ts'

/** Every option of the address. A change loads the page anew, so that each measurement starts from nothing. */
export function WorkloadForm({ options }: { readonly options: WorkloadOptions }): JSX.Element {
  const choose = (changes: Partial<WorkloadOptions>): void => {
    location.search = queryOf(workloadParameters, { ...options, ...changes })
  }
  return (
    <div class="workload-form">
      <Choice
        label="Network"
        value={options.network}
        choices={networkNames.map((name) => [name, workloadTitle(name)])}
        onChoose={(network) => choose({ network })}
      />
      <Choice
        label="Runs on"
        value={options.backend}
        choices={backendNames.map((name) => [name, name === 'wasm' ? 'WebAssembly' : 'WebGPU'])}
        onChoose={(backend) => choose({ backend })}
      />
      {options.backend === 'wasm' && (
        <Choice
          label="Threads"
          value={String(options.threads ?? '')}
          choices={[['', 'The faster of 1 and 4'], ...threadCounts().map((n): [string, string] => [n, n])]}
          onChoose={(text) => choose({ threads: text === '' ? undefined : Number(text) })}
        />
      )}
      <Choice
        label="Measure"
        value={options.measure}
        choices={[
          ['run', 'Pictures'],
          ['start', 'Compile, first picture'],
        ]}
        onChoose={(measure) => choose({ measure })}
      />
      {options.measure === 'run' && (
        <label>
          How many
          <input
            type="number"
            min={1}
            max={mostRuns}
            value={options.runs}
            onChange={({ currentTarget }) => choose({ runs: currentTarget.valueAsNumber || 1 })}
          />
        </label>
      )}
    </div>
  )
}

function threadCounts(): string[] {
  const most = crossOriginIsolated ? navigator.hardwareConcurrency : 1
  return ['1', '2', '4', '8'].filter((count) => Number(count) <= most)
}

interface ChoiceProps<Value extends string> {
  readonly label: string
  readonly value: Value
  readonly choices: readonly (readonly [value: Value, title: string])[]
  readonly onChoose: (value: Value) => void
}

function Choice<Value extends string>({ label, value, choices, onChoose }: ChoiceProps<Value>): JSX.Element {
  return (
    <label>
      {label}
      <select value={value} onChange={({ currentTarget }) => onChoose(currentTarget.value as Value)}>
        {choices.map(([each, title]) => (
          <option key={each} value={each}>
            {title}
          </option>
        ))}
      </select>
    </label>
  )
}
