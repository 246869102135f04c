import type { RefObject } from 'preact'
import { useLayoutEffect, useState } from 'preact/hooks'

/** The width of an element in pixels, as it changes; `otherwise` before the first layout. */
export function useWidth(element: RefObject<HTMLElement | null>, otherwise: number): number {
  const [width, setWidth] = useState(otherwise)
  useLayoutEffect(() => {
    const { current } = element
    if (!current) return
    setWidth(current.clientWidth || otherwise)
    const observer = new ResizeObserver(() => setWidth(current.clientWidth || otherwise))
    observer.observe(current)
    return () => observer.disconnect()
  }, [])
  return width
}
