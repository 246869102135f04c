import type { NetworkForm } from './network-forms.ts'
import type { Settings } from './settings.ts'

/** What the page calls the forms of a network. */
export const formNames: Readonly<Record<NetworkForm, string>> = {
  branches: 'With branches',
  plain: 'Without branches',
}

/** The forms that are trained side by side. */
export function formsOf({ compare }: Pick<Settings, 'compare'>): readonly NetworkForm[] {
  return compare === 'both' ? ['branches', 'plain'] : [compare]
}
