import { signal } from '@preact/signals'
import type { ComponentType } from 'preact'

interface Route {
  readonly name: string
  readonly title: string
  readonly load: () => Promise<{ readonly default: ComponentType }>
}

/** The views, in the order of the navigation; the part of the address after `#` names one. */
export const routes: readonly Route[] = [
  { name: 'classify', title: 'Classify', load: () => import('./views/classify/classify-view.tsx') },
  { name: 'checkpoint', title: 'Fold', load: () => import('./views/checkpoint/checkpoint-view.tsx') },
  { name: 'teach', title: 'Teach', load: () => import('./views/teach/teach-view.tsx') },
  { name: 'train', title: 'Train', load: () => import('./views/train/train-view.tsx') },
  { name: 'explain', title: 'Explain', load: () => import('./views/explain/explain-view.tsx') },
]

const named = (): Route => routes.find(({ name }) => `#${name}` === location.hash) ?? (routes[0] as Route)

/** The view that is shown. */
export const route = signal<Route>(named())
addEventListener('hashchange', () => {
  route.value = named()
})
