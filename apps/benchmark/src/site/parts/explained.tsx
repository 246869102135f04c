/** @jsxImportSource preact */
import type { JSX } from 'preact'
import { useId, useRef } from 'preact/hooks'

interface Props {
  readonly title: string
  readonly about: string
}

/** A word that says what it means when it is pressed: by finger, mouse or keyboard. */
export function Explained({ title, about }: Props): JSX.Element {
  const id = useId()
  const button = useRef<HTMLButtonElement>(null)
  const tip = useRef<HTMLDivElement>(null)
  const placeTip = (): void => {
    const [word, shown] = [button.current?.getBoundingClientRect(), tip.current]
    if (!word || !shown) return
    const { width, height } = shown.getBoundingClientRect()
    const left = Math.max(8, Math.min(word.left, document.documentElement.clientWidth - width - 8))
    const isBelow = word.bottom + height + 8 < innerHeight
    shown.style.left = `${left}px`
    shown.style.top = `${isBelow ? word.bottom + 4 : Math.max(8, word.top - height - 4)}px`
  }
  return (
    <>
      <button ref={button} type="button" class="explained" popovertarget={id} title={about}>
        {title}
      </button>
      <div ref={tip} id={id} popover="auto" class="tip" onToggle={placeTip}>
        <strong>{title}</strong> {about}
      </div>
    </>
  )
}
