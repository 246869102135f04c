/** @jsxImportSource preact */
import { ErrorBoundary } from '@mobileone/site-kit/error-boundary'
import { LazyView } from '@mobileone/site-kit/lazy-view'
import { ThemeButton } from '@mobileone/site-kit/theme-button'
import { useRouteChange } from '@mobileone/site-kit/use-route-change'
import type { JSX } from 'preact'
import { place, routes } from './routes.ts'

/** The frame of every page: what this is, and where to go. */
export function App(): JSX.Element {
  const { route, rest } = place.value
  const { name, title, load } = route
  useRouteChange(name, `${title} - MobileOne benchmark`)
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
          <LazyView name={name} title={title} load={load} viewProps={{ rest }} />
        </ErrorBoundary>
      </main>
      <footer class="foot">
        <p>Everything is measured in this browser; nothing is sent anywhere.</p>
        <p>
          <a href="./workload.html">A workload for browser vendors</a>
        </p>
      </footer>
    </>
  )
}
