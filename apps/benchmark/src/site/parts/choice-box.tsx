/** @jsxImportSource preact */
import type { ComponentChildren, JSX } from 'preact'

interface Props {
  readonly type: 'checkbox' | 'radio'
  readonly name: string
  readonly value: string
  readonly isChosen: boolean
  readonly title: string
  /** A line below the title. */
  readonly about?: ComponentChildren
  /** Short, at the end of the line. */
  readonly note?: string | undefined
  /** Why it cannot be chosen. */
  readonly refusal?: string | undefined
  readonly onChange: (isChosen: boolean) => void
}

/** One of several things to choose: a box with a title, and what there is to say of it. */
export function ChoiceBox(props: Props): JSX.Element {
  const { type, name, value, isChosen, title, about, note, refusal, onChange } = props
  const id = `${name}-${value}-about`
  const isAbout = about !== undefined || refusal !== undefined
  return (
    <label class="choice" data-refused={refusal === undefined ? undefined : ''}>
      <input
        type={type}
        name={name}
        value={value}
        checked={isChosen}
        disabled={refusal !== undefined && !isChosen}
        aria-describedby={isAbout ? id : undefined}
        onChange={({ currentTarget }) => onChange(currentTarget.checked)}
      />
      <span class="choice-title">{title}</span>
      {note && <span class="choice-note">{note}</span>}
      {isAbout && (
        <span class="choice-about" id={id}>
          {about}
          {refusal !== undefined && <span class="bad">Not here: {refusal}.</span>}
        </span>
      )}
    </label>
  )
}
