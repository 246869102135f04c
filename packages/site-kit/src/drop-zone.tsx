/** @jsxImportSource preact */
import type { ComponentChildren, JSX } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { takeFiles } from './take-files.ts'
import { usePageDrop } from './use-page-drop.ts'

interface Props {
  /** Of the file dialog, such as `image/*` or `.onnx,.pt`. */
  readonly accept: string
  readonly multiple?: boolean
  /** What can be given here, for the button. */
  readonly label: string
  readonly onFiles: (files: readonly File[]) => void
  /** Take what is pasted anywhere on the page too. */
  readonly paste?: boolean
  readonly children?: ComponentChildren
}

/** Takes files by dialog, by drag and drop anywhere on the page, and by paste. */
export function DropZone({
  accept,
  multiple = false,
  label,
  onFiles,
  paste = false,
  children,
}: Props): JSX.Element {
  const input = useRef<HTMLInputElement>(null)
  const give = (list: FileList | undefined): void => {
    const files = [...(list ?? [])]
    if (files.length > 0) onFiles(multiple ? files : files.slice(0, 1))
  }
  const isOver = usePageDrop(({ files }) => give(files))
  const pasted = useRef(give)
  pasted.current = give
  useEffect(() => {
    if (!paste) return
    const take = (event: ClipboardEvent): void => pasted.current(event.clipboardData?.files)
    document.addEventListener('paste', take)
    return () => document.removeEventListener('paste', take)
  }, [paste])
  return (
    <div class={`drop ${isOver ? 'over' : ''}`}>
      <button type="button" onClick={() => input.current?.click()}>
        {label}
      </button>
      <input
        ref={input}
        type="file"
        class="hidden"
        aria-label={label}
        tabIndex={-1}
        accept={accept}
        multiple={multiple}
        onChange={({ currentTarget }) => {
          const files = takeFiles(currentTarget)
          if (files.length > 0) onFiles(files)
        }}
      />
      {children}
    </div>
  )
}
