/** @jsxImportSource preact */
import type { ComponentChildren, JSX } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'

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
  const [isOver, setOver] = useState(false)
  const take = useRef(onFiles)
  take.current = onFiles
  useEffect(() => {
    const holdsFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes('Files') ?? false
    const give = (list: FileList | undefined): void => {
      const files = [...(list ?? [])]
      if (files.length > 0) take.current(multiple ? files : files.slice(0, 1))
    }
    const stop = new AbortController()
    const { signal } = stop
    document.addEventListener(
      'dragover',
      (event) => {
        if (!holdsFiles(event)) return
        event.preventDefault()
        setOver(true)
      },
      { signal },
    )
    document.addEventListener('dragleave', (event) => event.relatedTarget === null && setOver(false), {
      signal,
    })
    document.addEventListener(
      'drop',
      (event) => {
        if (!holdsFiles(event)) return
        event.preventDefault()
        setOver(false)
        give(event.dataTransfer?.files)
      },
      { signal },
    )
    if (paste) document.addEventListener('paste', (event) => give(event.clipboardData?.files), { signal })
    return () => stop.abort()
  }, [multiple, paste])
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
          const files = [...(currentTarget.files ?? [])]
          currentTarget.value = ''
          if (files.length > 0) onFiles(files)
        }}
      />
      {children}
    </div>
  )
}
