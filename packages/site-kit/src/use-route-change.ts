import { useEffect, useRef } from 'preact/hooks'

/** Names the document `title`; where another route `name` is shown than before, goes to its top and gives the focus to `#main`. */
export function useRouteChange(name: string, title: string): void {
  const shown = useRef(name)
  useEffect(() => {
    document.title = title
    if (shown.current === name) return
    shown.current = name
    scrollTo(0, 0)
    document.getElementById('main')?.focus({ preventScroll: true })
  }, [name])
}
