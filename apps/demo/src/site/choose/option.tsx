/** @jsxImportSource preact */
import type { ComponentChildren, JSX } from 'preact'

interface Props {
  readonly name: string
  readonly value: string
  readonly isChosen: boolean
  readonly title: string
  readonly about: ComponentChildren
  /** Short, at the end of the line. */
  readonly note?: string | undefined
  /** Why it cannot be chosen. */
  readonly refusal?: string | undefined
  readonly onChoose: () => void
}

/** One of several things of which one is chosen: a radio button that is a card. */
export function Option({ name, value, isChosen, title, about, note, refusal, onChoose }: Props): JSX.Element {
  const id = `choose-${name}-${value}`
  return (
    <label class="option" data-refused={refusal === undefined ? undefined : ''}>
      <input
        type="radio"
        name={`choose-${name}`}
        value={value}
        checked={isChosen}
        disabled={refusal !== undefined && !isChosen}
        aria-describedby={`${id}-about`}
        onChange={onChoose}
      />
      <span class="option-title">{title}</span>
      {note && <span class="option-note">{note}</span>}
      <span class="option-about" id={`${id}-about`}>
        {about}
        {refusal !== undefined && <span class="bad">Not here: {refusal}</span>}
      </span>
    </label>
  )
}
