import { MobileOneError } from '@mobileone/core'
import { backendContender, type CreateContender } from '@mobileone/measure'
import { type BackendFlags, createBackend } from '../backends.ts'

/** The backend and its flags, as parameters of this file's URL. */
const { name = '', ...flags } = Object.fromEntries(new URL(import.meta.url).searchParams) as BackendFlags & {
  readonly name?: string
}
/** Backends that take `threads`; others get what their library does by itself. */
const threaded = ['wasm', 'ort']

export const create: CreateContender = async ({ threads }) => {
  const backend = await createBackend(name, { ...flags, ...(threaded.includes(name) && { threads }) })
  const probe = await backend.probe()
  if (!probe.ok) throw new MobileOneError('unavailable', probe.reason)
  return backendContender(backend)
}
