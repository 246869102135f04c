import { useEffect, useState } from 'preact/hooks'

/** How many of `parts` to render by now: one more after each frame, so that a long view is drawn in short tasks. It begins anew with `key`. */
export function useStaged(parts: number, key: unknown): number {
  const [staged, setStaged] = useState({ key, shown: 0 })
  const shown = staged.key === key ? staged.shown : 0
  useEffect(() => {
    if (shown >= parts) return
    // After the frame that shows the part before: a timer of a frame comes ahead of its layout.
    let timer: ReturnType<typeof setTimeout> | undefined
    const frame = requestAnimationFrame(() => {
      timer = setTimeout(() => setStaged({ key, shown: shown + 1 }))
    })
    return () => {
      cancelAnimationFrame(frame)
      clearTimeout(timer)
    }
  }, [shown, parts, key])
  return shown
}
