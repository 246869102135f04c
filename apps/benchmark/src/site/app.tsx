/** @jsxImportSource preact */
import { ErrorBoundary } from '@mobileone/site-kit/error-boundary'
import { ThemeButton } from '@mobileone/site-kit/theme-button'
import type { JSX } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { Page } from './page.tsx'
import { place, routes } from './routes.ts'

/** The frame of every page: what this is, and where to go. */
export function App(): JSX.Element {
  const { name, title } = place.value.route
  const shown = useRef(name)
  useEffect(() => {
    document.title = `${title} - MobileOne benchmark`
    if (shown.current === name) return
    shown.current = name
    scrollTo(0, 0)
    document.getElementById('main')?.focus({ preventScroll: true })
  }, [name])
  const section = name.split('/')[0]
  return (
    <>
      {/* Not a link: the part of the address after # names the page. */}
      <button type="button" class="skip quiet" onClick={() => document.getElementById('main')?.focus()}>
        Skip to the content
      </button>
      <header class="top">
        <a class="brand" href="#run">
          <img src="./icon.svg" alt="" width="28" height="28" />
          <span>
            MobileOne <span class="brand-more">benchmark</span>
          </span>
        </a>
        <nav aria-label="Pages">
          {routes
            .filter(({ inNavigation }) => inNavigation)
            .map((each) => (
              <a
                key={each.name}
                href={`#${each.name}`}
                aria-current={each.name === section ? (each.name === name ? 'page' : 'true') : undefined}
              >
                {each.title}
              </a>
            ))}
        </nav>
        <ThemeButton />
      </header>
      <main id="main" tabIndex={-1} data-page={name} aria-labelledby="page-title">
        <h1 id="page-title" class="hidden">
          {title}
        </h1>
        <ErrorBoundary key={name}>
          <Page />
        </ErrorBoundary>
      </main>
      <footer class="foot">
        <p>Everything is measured in this browser; nothing is sent anywhere.</p>
      </footer>
    </>
  )
}
