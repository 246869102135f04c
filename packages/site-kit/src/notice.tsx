/** @jsxImportSource preact */
import type { ComponentChildren, JSX } from 'preact'

interface Props {
  readonly kind?: 'info' | 'error'
  readonly title: string
  readonly children?: ComponentChildren
}

/** Something that went otherwise than expected, in words, with what to do; an error is announced. */
export function Notice({ kind = 'info', title, children }: Props): JSX.Element {
  return (
    <div class={`notice ${kind}`} role={kind === 'error' ? 'alert' : 'status'}>
      <strong>{title}</strong>
      {children && <div>{children}</div>}
    </div>
  )
}
