/** @jsxImportSource preact */
import type { JSX } from 'preact'
import type { Entry } from '../../../lineup.ts'
import { oneThreadReason, threadLimit } from '../../measure/this-device.ts'
import { ChoiceBox } from '../../parts/choice-box.tsx'
import { device, gpu } from '../../state/device.ts'
import { cpuEntries, gpuEntries, type PrecisionId } from './run-choice.ts'
import { choice, choose } from './run-state.ts'

const about: Readonly<Record<string, string>> = {
  'mobileone-wasm': 'This project’s own kernels.',
  'ort-wasm': 'Microsoft’s runtime for ONNX files.',
  'tfjs-wasm': 'Google’s earlier library, with fused operations.',
  'litert-wasm': 'Google’s runtime for .tflite files, on XNNPACK.',
  'mobileone-webgpu': 'This project’s own shaders.',
  'ort-webgpu': 'Its WebGPU execution provider.',
  'tfjs-webgpu': 'Its WebGPU backend, with fused operations.',
}

/** Who is measured, on the processor and on the GPU. */
export function ContenderChoice(): JSX.Element {
  const { noGpu, noHalf } = device.value
  const found = gpu.value
  return (
    <section class="panel" aria-labelledby="contenders-title">
      <h3 id="contenders-title">Contenders</h3>
      <fieldset aria-labelledby="cpu-title" class="group">
        <h4 id="cpu-title">On the processor, in WebAssembly</h4>
        <div class="choices">
          {cpuEntries.map((entry) => (
            <ContenderBox key={entry.name} entry={entry} />
          ))}
        </div>
        <PrecisionBox
          name="int8"
          title="In int8 too"
          about="MobileOne, and ONNX Runtime Web with the same network as QDQ. Making the int8 form takes some seconds; the others have none."
        />
        <ThreadChoice />
      </fieldset>
      <fieldset aria-labelledby="gpu-title" class="group">
        <h4 id="gpu-title">On the GPU, in WebGPU</h4>
        <p class="muted small gpu-finding">
          {found === undefined
            ? 'Looking for a GPU…'
            : found.ok
              ? `${found.name}${found.software ? ': computes on the processor, for tests' : ''}.`
              : `Not here: ${found.reason}.`}
        </p>
        <div class="choices">
          {gpuEntries.map((entry) => (
            <ContenderBox key={entry.name} entry={entry} refusal={noGpu} />
          ))}
        </div>
        <PrecisionBox
          name="float16"
          title="MobileOne in float16 too"
          about="Half the bytes of weights and feature maps; sums stay in float32. The others compute in float32 alone here."
          refusal={noGpu === undefined ? noHalf : undefined}
        />
      </fieldset>
    </section>
  )
}

/** A precision beside those that are chosen; without any it is float32. */
function PrecisionBox({
  name,
  title,
  about,
  refusal,
}: {
  readonly name: PrecisionId
  readonly title: string
  readonly about: string
  readonly refusal?: string | undefined
}): JSX.Element {
  const { precision } = choice.value
  const others = precision.filter((other) => other !== name)
  return (
    <div class="choices one">
      <ChoiceBox
        type="checkbox"
        name="precision"
        value={name}
        isChosen={precision.includes(name)}
        title={title}
        about={about}
        refusal={refusal}
        onChange={(isChosen) =>
          choose({ precision: isChosen ? [...others, name] : others.length > 0 ? others : ['float32'] })
        }
      />
    </div>
  )
}

function ContenderBox({
  entry: { name, short },
  refusal,
}: {
  readonly entry: Entry
  readonly refusal?: string | undefined
}): JSX.Element {
  const { contenders } = choice.value
  const isChosen = contenders.includes(name)
  return (
    <ChoiceBox
      type="checkbox"
      name="contender"
      value={name}
      isChosen={isChosen}
      title={short.replace(/, (wasm|WebGPU)$/, '')}
      about={about[name]}
      // Said once for all above.
      refusal={refusal === undefined || isChosen ? undefined : refusal}
      onChange={(wanted) =>
        choose({ contenders: wanted ? [...contenders, name] : contenders.filter((other) => other !== name) })
      }
    />
  )
}

function ThreadChoice(): JSX.Element {
  const { threads } = choice.value
  const limit = threadLimit()
  const counts = [...new Set([...[1, 2, 4, 8, 16].filter((count) => count <= limit), ...threads])].sort(
    (a, b) => a - b,
  )
  const reason = oneThreadReason()
  return (
    <fieldset class="inline">
      <legend>Threads</legend>
      {counts.map((count) => (
        <label key={count} class="chip">
          <input
            type="checkbox"
            name="threads"
            value={count}
            checked={threads.includes(count)}
            disabled={count > limit && !threads.includes(count)}
            onChange={({ currentTarget }) => {
              const others = threads.filter((other) => other !== count)
              if (currentTarget.checked) choose({ threads: [...others, count].sort((a, b) => a - b) })
              else if (others.length > 0) choose({ threads: others })
              else currentTarget.checked = true
            }}
          />
          {count}
        </label>
      ))}
      {reason !== undefined && <p class="muted small">Here {reason}.</p>}
    </fieldset>
  )
}
