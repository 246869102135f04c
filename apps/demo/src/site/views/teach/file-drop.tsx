/** @jsxImportSource preact */
import { takeFiles } from '@mobileone/site-kit/take-files'
import type { ComponentChildren, JSX } from 'preact'
import { useRef, useState } from 'preact/hooks'

interface DropProps {
  readonly class: string
  readonly label: string
  readonly onFiles: (files: readonly File[]) => void
  readonly children: ComponentChildren
}

/** A part of the page that takes the files dropped on it. */
export function FileDrop({ class: own, label, onFiles, children }: DropProps): JSX.Element {
  const [isOver, setOver] = useState(false)
  const holdsFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes('Files') ?? false
  return (
    <section
      class={`${own} ${isOver ? 'over' : ''}`}
      aria-label={label}
      onDragOver={(event) => {
        if (!holdsFiles(event)) return
        event.preventDefault()
        setOver(true)
      }}
      onDragLeave={({ currentTarget, relatedTarget }) => {
        if (!currentTarget.contains(relatedTarget as Node | null)) setOver(false)
      }}
      onDrop={(event) => {
        setOver(false)
        const files = [...(event.dataTransfer?.files ?? [])]
        if (files.length === 0) return
        event.preventDefault()
        onFiles(files)
      }}
    >
      {children}
    </section>
  )
}

interface ButtonProps {
  readonly accept: string
  readonly multiple?: boolean
  /** For those who hear the button; begins with what it shows. */
  readonly label: string
  readonly onFiles: (files: readonly File[]) => void
  readonly children: ComponentChildren
}

/** A button that opens the file dialog. */
export function FileButton({ accept, multiple = false, label, onFiles, children }: ButtonProps): JSX.Element {
  const input = useRef<HTMLInputElement>(null)
  return (
    <>
      <button type="button" class="quiet" aria-label={label} onClick={() => input.current?.click()}>
        {children}
      </button>
      <input
        ref={input}
        type="file"
        hidden
        aria-label={label}
        accept={accept}
        multiple={multiple}
        onChange={({ currentTarget }) => {
          const files = takeFiles(currentTarget)
          if (files.length > 0) onFiles(files)
        }}
      />
    </>
  )
}
