/** @jsxImportSource preact */
import type { ComponentType, JSX } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { ChooseBar } from './choose/choose-bar.tsx'
import { route, routes } from './routes.ts'
import { ErrorBoundary } from './ui/error-boundary.tsx'
import { Notice } from './ui/notice.tsx'
import { ThemeButton } from './ui/theme-button.tsx'

/** The frame of every view: what this is, where to go, which model runs. */
export function App(): JSX.Element {
  const { name, title } = route.value
  return (
    <>
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <header class="top">
        <a class="brand" href="#classify">
          <img src="./icon.svg" alt="" width="28" height="28" />
          MobileOne
        </a>
        <nav aria-label="Views">
          {routes.map((each) => (
            <a key={each.name} href={`#${each.name}`} aria-current={each.name === name ? 'page' : undefined}>
              {each.title}
            </a>
          ))}
        </nav>
        <ThemeButton />
      </header>
      <ChooseBar />
      <main id="main" tabIndex={-1} data-view={name}>
        <h1 class="hidden">{title}</h1>
        <ErrorBoundary key={name}>
          <View />
        </ErrorBoundary>
      </main>
      <footer class="foot">
        Everything runs in this tab: pictures, weights and what is learned stay on this device.
      </footer>
    </>
  )
}

/** The view of the route, when its code is there. */
function View(): JSX.Element | null {
  const { name, title, load } = route.value
  const [shown, setShown] = useState<{ readonly name: string; readonly Component: ComponentType }>()
  const [failure, setFailure] = useState<Error>()
  const first = useRef(true)
  useEffect(() => {
    let isCurrent = true
    setFailure(undefined)
    load().then(
      (module) => isCurrent && setShown({ name, Component: module.default }),
      (error: Error) => isCurrent && setFailure(error),
    )
    document.title = `${title} - MobileOne in your browser`
    if (!first.current) document.getElementById('main')?.focus({ preventScroll: true })
    first.current = false
    return () => {
      isCurrent = false
    }
  }, [name])
  if (failure) {
    return (
      <Notice kind="error" title={`"${title}" could not be loaded`}>
        {failure.message}. Reload the page; offline, only what was opened before is there.
      </Notice>
    )
  }
  return shown?.name === name ? <shown.Component /> : null
}
