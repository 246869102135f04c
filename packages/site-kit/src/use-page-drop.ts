import { useEffect, useRef, useState } from 'preact/hooks'

/** Takes what holds files and is dropped anywhere on the page while the component is there; whether such is over the page now. */
export function usePageDrop(onDrop: (dropped: DataTransfer) => void): boolean {
  const [isOver, setOver] = useState(false)
  const take = useRef(onDrop)
  take.current = onDrop
  useEffect(() => {
    const stop = new AbortController()
    const { signal } = stop
    const holdsFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes('Files') ?? false
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
        take.current(event.dataTransfer as DataTransfer)
      },
      { signal },
    )
    return () => stop.abort()
  }, [])
  return isOver
}
