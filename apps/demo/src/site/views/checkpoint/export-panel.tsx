/** @jsxImportSource preact */

import { bytes, milliseconds, percent } from '@mobileone/site-kit/format'
import { Notice } from '@mobileone/site-kit/notice'
import { saveFile } from '@mobileone/site-kit/save-file'
import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import {
  type Form,
  type FormatFacts,
  type QuantizedFacts,
  type QuantizeProgress,
  stemOf,
  type WrittenFile,
} from './checkpoint-facts.ts'
import {
  aboutFormat,
  choicesOf,
  formsOf,
  formTitles,
  type OptionValues,
  optionsOf,
  optionTitle,
  startOptions,
} from './export-options.ts'
import { formatsOf, type Opened, quantizeOpened, sentence, writeOpened } from './opened.ts'

interface Written {
  readonly files: readonly WrittenFile[]
  readonly ms: number
  /** Of the int8 form. */
  readonly quantized?: QuantizedFacts
}

const phases: Readonly<Record<string, string>> = {
  photographs: 'Reading photographs',
  calibrate: 'Looking at what layers compute',
  quantize: 'Quantising layers',
  compare: 'Comparing with float32',
}

/** Writes the model in the formats of other programs. */
export function ExportPanel({ of }: { readonly of: Opened }): JSX.Element {
  const [formats, setFormats] = useState<readonly FormatFacts[]>([])
  const [chosen, setChosen] = useState('safetensors')
  const [values, setValues] = useState<OptionValues>({})
  const [form, setForm] = useState<Form>('folded')
  const [stem, setStem] = useState(stemOf(of.file.name))
  const [photographs, setPhotographs] = useState<readonly File[]>([])
  const [progress, setProgress] = useState<QuantizeProgress>()
  const [isWriting, setWriting] = useState(false)
  const [written, setWritten] = useState<Written>()
  const [error, setError] = useState<string>()
  const format = formats.find((each) => each.format === chosen)
  const fail = (cause: Error): void => setError(sentence(cause.message))

  useEffect(() => {
    let isCurrent = true
    formatsOf().then((found) => isCurrent && setFormats(found), fail)
    return () => {
      isCurrent = false
    }
  }, [of])
  useEffect(() => setStem(stemOf(of.file.name)), [of])
  useEffect(() => {
    if (format) setValues(startOptions(format))
  }, [format])
  // What was written belongs to what is chosen.
  useEffect(() => {
    setWritten(undefined)
    setError(undefined)
  }, [of, chosen, values, form, stem, photographs])

  const forms = format ? formsOf(format, of.facts) : []
  const used = forms.includes(form) ? form : 'folded'
  const write = async (event: Event): Promise<void> => {
    event.preventDefault()
    if (!format) return
    setWriting(true)
    setError(undefined)
    const start = performance.now()
    try {
      const name = `${stemOf(stem)}${used === 'int8' ? '.int8' : ''}${format.ending}`
      const quantized = used === 'int8' ? await quantizeOpened(photographs, setProgress) : undefined
      const storage = used === 'int8' && format.format === 'safetensors' ? { storage: 'int8' } : {}
      const files = await writeOpened(format.format, used, { ...values, ...storage, fileName: name })
      setWritten({ files, ms: performance.now() - start, ...(quantized && { quantized }) })
      const [first] = files
      if (first) saveFile(first.name, first.blob)
    } catch (cause) {
      fail(cause as Error)
    }
    setWriting(false)
    setProgress(undefined)
  }
  return (
    <section class="panel export" aria-labelledby="export-title">
      <header>
        <h2 id="export-title">Export it</h2>
        <p class="muted">Files for other programs, written here and saved on this device.</p>
      </header>
      <form onSubmit={write}>
        <fieldset class="formats">
          <legend class="hidden">Format</legend>
          {formats.map((each) => (
            <label key={each.format} class={each.format === chosen ? 'chosen' : ''}>
              <input
                type="radio"
                name="format"
                checked={each.format === chosen}
                onChange={() => setChosen(each.format)}
              />
              {aboutFormat(each.format).title}
            </label>
          ))}
        </fieldset>
        <p class="muted about">
          {format && sentence(aboutFormat(format.format).about ?? format.description)}
        </p>
        <div class="options">
          {forms.length > 1 && (
            <label>
              Form
              <span class="muted">What the file holds</span>
              <select value={used} onChange={({ currentTarget }) => setForm(currentTarget.value as Form)}>
                {forms.map((each) => (
                  <option key={each} value={each}>
                    {formTitles[each]}
                  </option>
                ))}
              </select>
            </label>
          )}
          {used === 'int8' && (
            <label>
              Photographs
              <span class="muted">
                As it will be given them: of 16 it learns to compute in integers too, without any only weights
                are int8. They stay on this device.
              </span>
              <input
                type="file"
                accept="image/*"
                multiple
                onChange={({ currentTarget }) => setPhotographs([...(currentTarget.files ?? [])])}
              />
            </label>
          )}
          {(format ? optionsOf(format, used) : []).map((option) =>
            option.kind === 'choice' ? (
              <label key={option.name}>
                {optionTitle(option.name)}
                <span class="muted">{option.description}</span>
                <select
                  value={String(values[option.name] ?? '')}
                  onChange={({ currentTarget }) =>
                    setValues({ ...values, [option.name]: currentTarget.value || undefined })
                  }
                >
                  {choicesOf(option).map(([value, title]) => (
                    <option key={value} value={value}>
                      {title}
                    </option>
                  ))}
                </select>
              </label>
            ) : (
              <label key={option.name} class="check">
                <input
                  type="checkbox"
                  checked={values[option.name] === true}
                  onChange={({ currentTarget }) =>
                    setValues({ ...values, [option.name]: currentTarget.checked || undefined })
                  }
                />
                <span>{option.description}</span>
              </label>
            ),
          )}
          <label class="file-name">
            File name
            <span>
              <input
                type="text"
                value={stem}
                maxLength={80}
                spellcheck={false}
                onInput={({ currentTarget }) => setStem(currentTarget.value)}
              />
              <span class="muted">
                {used === 'int8' && '.int8'}
                {format?.ending}
              </span>
            </span>
          </label>
        </div>
        <div class="row">
          <button type="submit" disabled={!format || isWriting}>
            {isWriting ? 'Writing…' : 'Write and save'}
          </button>
          <span class="muted" role="status">
            {progress && `${phases[progress.phase] ?? progress.phase}, ${percent(progress.fraction, 0)}`}
            {written && `Written in ${milliseconds(written.ms)}.`}
          </span>
        </div>
        {progress && <progress value={progress.fraction} aria-label="Quantising" />}
      </form>
      {error && (
        <Notice kind="error" title="This could not be written">
          {error}
        </Notice>
      )}
      {written?.quantized && <Quantization of={written.quantized} />}
      {written && (
        <ul class="written" aria-label="Written files">
          {written.files.map(({ name, blob }, index) => (
            <li key={name}>
              <span class="name">{name}</span>
              <span class="muted">{bytes(blob.size)}</span>
              <button type="button" class="quiet" onClick={() => saveFile(name, blob)}>
                {index === 0 ? 'Save again' : 'Save'}
              </button>
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}

const comparedOn: Readonly<Record<QuantizedFacts['comparedOn'], string>> = {
  heldOut: 'photographs that it did not learn from',
  samples: 'of the photographs that it learned from',
  noise: 'images of noise',
}

/** What the int8 form is worth. */
function Quantization({ of }: { readonly of: QuantizedFacts }): JSX.Element {
  const { layersInIntegers, sqnrDb, agreement, compared } = of
  return (
    <p class="quantization">
      {layersInIntegers > 0
        ? `${layersInIntegers} layers are computed in integers.`
        : 'Weights are int8, and computed with in float32.'}{' '}
      On {compared} {comparedOn[of.comparedOn]}
      {agreement !== undefined && `, ${percent(agreement)} get the class that float32 gives them`}: signal
      over noise {sqnrDb.toFixed(1)} dB.
    </p>
  )
}
