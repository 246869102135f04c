/** @jsxImportSource preact */
import type { ComponentChildren, JSX } from 'preact'

interface Props {
  /** What is in it, for those who cannot see it. */
  readonly label: string
  readonly class?: string
  readonly children: ComponentChildren
}

/** Something wide or long that scrolls within the page, by keyboard too. */
export function ScrollRegion({ label, class: own = '', children }: Props): JSX.Element {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reachable by keyboard
    <section class={`scroll ${own}`} tabIndex={0} aria-label={label}>
      {children}
    </section>
  )
}
