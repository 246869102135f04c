import { type ReadonlySignal, signal } from '@preact/signals'
import type { ComponentType } from 'preact'

export interface PageProps {
  /** What follows the route's name and a `/` in the address; '' for nothing. */
  readonly rest: string
}

export interface Route {
  /** The part of the address after `#`; what follows a further `/` is the page's own, in `rest`. */
  readonly name: string
  readonly title: string
  /** Stands in the navigation; the others are reached from a page that stands there. */
  readonly inNavigation?: boolean
  /** The page, which gets what follows in the address: it cannot import this file, which imports it. */
  readonly load: () => Promise<{ readonly default: ComponentType<PageProps> }>
}

/** The pages, in the order of the navigation. */
export const routes: readonly [Route, ...Route[]] = [
  {
    name: 'run',
    title: 'Run',
    inNavigation: true,
    load: () => import('./pages/run/run-page.tsx'),
  },
  {
    name: 'studies',
    title: 'Studies',
    inNavigation: true,
    load: () => import('./pages/studies/studies-page.tsx'),
  },
  {
    name: 'report',
    title: 'Reports',
    inNavigation: true,
    load: () => import('./pages/report/report-page.tsx'),
  },
  {
    name: 'compare',
    title: 'Compare',
    inNavigation: true,
    load: () => import('./pages/compare/compare-page.tsx'),
  },
  {
    name: 'shared',
    title: 'Shared figures',
    load: () => import('./pages/shared/shared-page.tsx'),
  },
]

const unknown: Route = {
  name: 'unknown',
  title: 'Not found',
  load: () => import('./pages/unknown/unknown-page.tsx'),
}

export interface Place {
  readonly route: Route
  /** What follows the route's name and a `/`; '' for nothing. */
  readonly rest: string
}

/** @returns where `#name` or `#name/rest` leads: to the first page for '' and `#`, to one that says so for a name of none. */
export function placeOf(hash: string): Place {
  const path = hash.slice(1)
  if (path === '') return { route: routes[0], rest: '' }
  const [route] = routes
    .filter(({ name }) => path === name || path.startsWith(`${name}/`))
    .sort((a, b) => b.name.length - a.name.length)
  return route ? { route, rest: path.slice(route.name.length + 1) } : { route: unknown, rest: path }
}

const current = signal<Place>(placeOf(typeof location === 'undefined' ? '' : location.hash))
if (typeof location !== 'undefined') {
  addEventListener('hashchange', () => {
    current.value = placeOf(location.hash)
  })
}

/** Where the visitor is. */
export const place: ReadonlySignal<Place> = current
