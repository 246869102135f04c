import type { Rolldown } from 'tsdown'

export function notices(): Rolldown.Plugin
