/** @jsxImportSource preact */

import { ErrorBoundary } from '@mobileone/site-kit/error-boundary'
import { percent } from '@mobileone/site-kit/format'
import { LazyView } from '@mobileone/site-kit/lazy-view'
import { ThemeButton } from '@mobileone/site-kit/theme-button'
import { useRouteChange } from '@mobileone/site-kit/use-route-change'
import type { JSX } from 'preact'
import { ChooseBar } from './choose/choose-bar.tsx'
import { InstallState } from './install/install-state.tsx'
import { UpdateNotice } from './install/update-notice.tsx'
import { route, routes } from './routes.ts'
import { trainingActivity } from './state/activity.ts'

/** The frame of every view: what this is, where to go, which model runs. */
export function App(): JSX.Element {
  const { name, title, load } = route.value
  useRouteChange(name, `${title} - MobileOne in your browser`)
  return (
    <>
      {/* Not a link: the part of the address after # names the view. */}
      <button type="button" class="skip quiet" onClick={() => document.getElementById('main')?.focus()}>
        Skip to the content
      </button>
      <header class="top">
        <a class="brand" href="#classify">
          <img src="./icon.svg" alt="" width="28" height="28" />
          MobileOne
        </a>
        <nav aria-label="Views">
          {routes.map((each) => (
            <a key={each.name} href={`#${each.name}`} aria-current={each.name === name ? 'page' : undefined}>
              {each.title}
              {each.name === 'train' && <TrainingMark />}
            </a>
          ))}
        </nav>
        <ThemeButton />
      </header>
      <ChooseBar />
      <main id="main" tabIndex={-1} data-view={name} aria-labelledby="view-title">
        <h1 id="view-title" class="hidden">
          {title}
        </h1>
        <ErrorBoundary key={name}>
          <LazyView name={name} title={title} load={load} viewProps={{}} />
        </ErrorBoundary>
      </main>
      <footer class="foot">
        <p>Everything runs in this tab: pictures, weights and what is learned stay on this device.</p>
        <InstallState />
      </footer>
      <UpdateNotice />
    </>
  )
}

/** Tells of a run of training while another view is shown. */
function TrainingMark(): JSX.Element | null {
  const activity = trainingActivity.value
  if (!activity) return null
  const words = activity.isPaused ? 'paused' : percent(activity.fraction, 0)
  return (
    <span class="training-mark">
      <span class="hidden">: training, </span>
      {words}
    </span>
  )
}
