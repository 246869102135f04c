import { variants } from '@mobileone/core'
import { protocol, protocolNames } from '@mobileone/measure'
import { lineup } from '../lineup.ts'
import { byId, element } from './dom.ts'

/** What the person has chosen. */
export interface Chosen {
  readonly variants: readonly string[]
  readonly contenders: readonly string[]
  readonly threads: readonly number[]
  readonly protocol: string
  readonly runs: number
}

const entries = lineup.filter(({ runtimes }) => runtimes.includes('chromium'))

/** Fill the form. */
export function showChoices(): void {
  for (const name of Object.keys(variants)) {
    byId('variants').append(choice('checkbox', 'variant', name, name === 's0', name.toUpperCase()))
  }
  for (const count of [1, 2, 4]) {
    const usable = count === 1 || (crossOriginIsolated && count <= navigator.hardwareConcurrency)
    byId('threads').append(choice('checkbox', 'thread', String(count), count === 1, String(count), !usable))
  }
  for (const { name, title } of entries) {
    byId('contenders').append(choice('checkbox', 'contender', name, true, name, false, title))
  }
  for (const name of protocolNames) {
    const { what } = protocol(name)
    byId('protocols').append(
      choice(
        'radio',
        'protocol',
        name,
        name === 'default',
        name,
        false,
        what[0]?.toUpperCase() + what.slice(1),
      ),
    )
  }
  if (!crossOriginIsolated) {
    byId('isolation').hidden = false
    byId('isolation').textContent =
      'This page is not cross-origin isolated, so there is one thread: it needs a secure address and the headers Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp.'
  }
  const runs = byId<HTMLInputElement>('runs')
  byId('protocols').addEventListener('change', () => {
    const name = checked('protocol')[0]
    runs.value = name === 'modelbench' ? '50' : name === 'paper' ? '1000' : '20'
  })
}

export function readChoices(): Chosen {
  return {
    variants: checked('variant'),
    contenders: checked('contender'),
    threads: checked('thread').map(Number),
    protocol: checked('protocol')[0] ?? 'default',
    runs: Math.max(1, Math.round(byId<HTMLInputElement>('runs').valueAsNumber || 20)),
  }
}

function checked(name: string): string[] {
  return [...document.querySelectorAll<HTMLInputElement>(`input[name="${name}"]:checked`)].map(
    ({ value }) => value,
  )
}

function choice(
  type: 'checkbox' | 'radio',
  name: string,
  value: string,
  isChecked: boolean,
  label: string,
  isDisabled = false,
  detail?: string,
): HTMLLabelElement {
  const input = element('input', { type, name, value })
  input.checked = isChecked
  input.disabled = isDisabled
  return element(
    'label',
    {},
    input,
    element('span', { class: 'name' }, label),
    ...(detail === undefined ? [] : [element('span', { class: 'detail' }, detail)]),
  )
}
