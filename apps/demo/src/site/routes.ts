import { signal } from '@preact/signals'
import type { ComponentType } from 'preact'

export interface Route {
  readonly name: string
  readonly title: string
  readonly load: () => Promise<{ readonly default: ComponentType }>
}

/** The views, in the order of the navigation; the part of the address after `#` names one. */
export const routes: readonly [Route, ...Route[]] = [
  { name: 'classify', title: 'Classify', load: () => import('./views/classify/classify-view.tsx') },
  { name: 'checkpoint', title: 'Fold', load: () => import('./views/checkpoint/checkpoint-view.tsx') },
  { name: 'teach', title: 'Teach', load: () => import('./views/teach/teach-view.tsx') },
  { name: 'train', title: 'Train', load: () => import('./views/train/train-view.tsx') },
  { name: 'explain', title: 'Explain', load: () => import('./views/explain/explain-view.tsx') },
]

const unknown: Route = {
  name: 'unknown',
  title: 'Not found',
  load: () => import('./views/unknown/unknown-view.tsx'),
}

/** @returns the view that `#name` asks for: the first for '' and `#`, one that says so for a name of none. */
export function routeOf(hash: string): Route {
  if (hash.length < 2) return routes[0]
  return routes.find(({ name }) => `#${name}` === hash) ?? unknown
}

/** The view that is shown. */
export const route = signal<Route>(routeOf(location.hash))
addEventListener('hashchange', () => {
  route.value = routeOf(location.hash)
})
