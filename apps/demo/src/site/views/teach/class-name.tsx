/** @jsxImportSource preact */
import type { JSX } from 'preact'
import { useEffect, useId, useState } from 'preact/hooks'
import { limits } from './project.ts'
import { rename } from './taught.ts'

interface Props {
  readonly classId: string
  readonly name: string
}

/** The name of a class, renamed in place: Enter or leaving keeps it, Escape takes the old one again. */
export function ClassName({ classId, name }: Props): JSX.Element {
  const [draft, setDraft] = useState(name)
  const [problem, setProblem] = useState<string>()
  const hint = useId()
  const reset = (): void => {
    setDraft(name)
    setProblem(undefined)
  }
  useEffect(reset, [name])
  const keep = (): void => {
    const found = rename(classId, draft)
    setProblem(found)
    if (!found) setDraft(draft.replace(/\s+/gu, ' ').trim())
  }
  return (
    <span class="class-name">
      <input
        type="text"
        value={draft}
        maxLength={limits.nameLength}
        aria-label={`Name of the class ${name}`}
        aria-invalid={problem !== undefined}
        aria-describedby={problem ? hint : undefined}
        autocomplete="off"
        spellcheck={false}
        onFocus={({ currentTarget }) => currentTarget.select()}
        onInput={({ currentTarget }) => setDraft(currentTarget.value)}
        onBlur={keep}
        onKeyDown={({ key, currentTarget }) => {
          if (key === 'Enter') keep()
          if (key === 'Escape') {
            reset()
            currentTarget.select()
          }
        }}
      />
      {problem && (
        <span id={hint} class="bad" role="alert">
          {problem}
        </span>
      )}
    </span>
  )
}
