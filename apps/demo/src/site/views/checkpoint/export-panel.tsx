/** @jsxImportSource preact */

import { bytes, milliseconds } from '@mobileone/site-kit/format'
import { Notice } from '@mobileone/site-kit/notice'
import { saveFile } from '@mobileone/site-kit/save-file'
import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { type Form, type FormatFacts, stemOf, type WrittenFile } from './checkpoint-facts.ts'
import {
  aboutFormat,
  choicesOf,
  formsOf,
  type OptionValues,
  optionTitle,
  startOptions,
} from './export-options.ts'
import { formatsOf, type Opened, sentence, writeOpened } from './opened.ts'

interface Written {
  readonly files: readonly WrittenFile[]
  readonly ms: number
}

/** Writes the model in the formats of other programs. */
export function ExportPanel({ of }: { readonly of: Opened }): JSX.Element {
  const [formats, setFormats] = useState<readonly FormatFacts[]>([])
  const [chosen, setChosen] = useState('safetensors')
  const [values, setValues] = useState<OptionValues>({})
  const [form, setForm] = useState<Form>('folded')
  const [stem, setStem] = useState(stemOf(of.file.name))
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
  }, [of, chosen, values, form, stem])

  const write = async (event: Event): Promise<void> => {
    event.preventDefault()
    if (!format) return
    setWriting(true)
    setError(undefined)
    const start = performance.now()
    try {
      const name = `${stemOf(stem)}${format.ending}`
      const used = formsOf(format, of.facts).includes(form) ? form : 'folded'
      const files = await writeOpened(format.format, used, { ...values, fileName: name })
      setWritten({ files, ms: performance.now() - start })
      const [first] = files
      if (first) saveFile(first.name, first.blob)
    } catch (cause) {
      fail(cause as Error)
    }
    setWriting(false)
  }
  const forms = format ? formsOf(format, of.facts) : []
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
              <span class="muted">With branches or without</span>
              <select value={form} onChange={({ currentTarget }) => setForm(currentTarget.value as Form)}>
                <option value="folded">folded, as it runs</option>
                <option value="trained">as trained, with branches</option>
              </select>
            </label>
          )}
          {format?.options.map((option) =>
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
              <span class="muted">{format?.ending}</span>
            </span>
          </label>
        </div>
        <div class="row">
          <button type="submit" disabled={!format || isWriting}>
            {isWriting ? 'Writing…' : 'Write and save'}
          </button>
          <span class="muted" role="status">
            {written && `Written in ${milliseconds(written.ms)}.`}
          </span>
        </div>
      </form>
      {error && (
        <Notice kind="error" title="This could not be written">
          {error}
        </Notice>
      )}
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
