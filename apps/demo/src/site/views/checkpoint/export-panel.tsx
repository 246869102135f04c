/** @jsxImportSource preact */
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { bytes } from '../../ui/format.ts'
import { Notice } from '../../ui/notice.tsx'
import type { ExportChoice } from './checkpoint-facts.ts'
import { exportCheckpoint, exportChoices, lastExport } from './open-checkpoint.ts'

const titles: Readonly<Record<string, string>> = {
  safetensors: 'safetensors: for this SDK, PyTorch, timm',
  onnx: 'ONNX: for servers and other runtimes',
  coreml: 'Core ML package: for iPhone and Mac',
  mlmodel: 'Core ML model: for older systems',
  tflite: 'TensorFlow Lite: for Android',
}

/** Options that only matter to those who read the documentation stay out of the page. */
const shown: ReadonlySet<string> = new Set([
  'storage',
  'softmax',
  'preprocess',
  'dynamicBatch',
  'precision',
  'weights',
  'swift',
  'embedding',
])

/** Writes the folded network as other programs read it. */
export function ExportPanel(): JSX.Element {
  const choices = exportChoices.value
  const [format, setFormat] = useState('safetensors')
  const [options, setOptions] = useState<Readonly<Record<string, string | boolean>>>({})
  const choice = choices.find((each) => each.format === format)
  const state = lastExport.value
  return (
    <section class="panel" aria-labelledby="export-title">
      <h2 id="export-title">Take it with you</h2>
      <label class="field">
        Format
        <select
          value={format}
          onChange={({ currentTarget }) => {
            setFormat(currentTarget.value)
            setOptions({})
          }}
        >
          {choices.map((each) => (
            <option key={each.format} value={each.format}>
              {titles[each.format] ?? each.format}
            </option>
          ))}
        </select>
      </label>
      {choice && <Options choice={choice} options={options} onChange={setOptions} />}
      <div class="row">
        <button
          type="button"
          disabled={!choice || state.status === 'busy'}
          onClick={() => exportCheckpoint(format, options)}
        >
          {state.status === 'busy' ? 'Writing…' : 'Save it'}
        </button>
        {state.status === 'done' && (
          <span role="status">
            {state.value.files === 1 ? 'One file' : `${state.value.files} files`}, {bytes(state.value.bytes)}
          </span>
        )}
      </div>
      {state.status === 'failed' && (
        <Notice kind="error" title="It could not be written">
          {state.message}
        </Notice>
      )}
    </section>
  )
}

interface OptionsProps {
  readonly choice: ExportChoice
  readonly options: Readonly<Record<string, string | boolean>>
  readonly onChange: (options: Readonly<Record<string, string | boolean>>) => void
}

function Options({ choice, options, onChange }: OptionsProps): JSX.Element {
  return (
    <div class="options">
      {choice.options
        .filter(({ name }) => shown.has(name))
        .map((option) =>
          option.choices ? (
            <label key={option.name} class="field">
              {option.description}
              <select
                value={String(options[option.name] ?? option.default ?? option.choices[0])}
                onChange={({ currentTarget }) => onChange({ ...options, [option.name]: currentTarget.value })}
              >
                {option.choices.map((each) => (
                  <option key={each} value={each}>
                    {each}
                  </option>
                ))}
              </select>
            </label>
          ) : (
            <label key={option.name} class="check">
              <input
                type="checkbox"
                checked={options[option.name] === true}
                onChange={({ currentTarget }) =>
                  onChange({ ...options, [option.name]: currentTarget.checked })
                }
              />
              {option.description}
            </label>
          ),
        )}
    </div>
  )
}
