import { backends } from '../backends.ts'
import { backendContender, type CreateContender } from '../measure/index.ts'

/** The backend named after the question mark of this file's URL. */
const name = new URL(import.meta.url).search.slice(1)

export const create: CreateContender = async ({ threads }) => {
  const backend = backends[name]?.({ threads })
  if (!backend) throw new Error(`there is no backend "${name}"`)
  const probe = await backend.probe()
  if (!probe.ok) throw new Error(probe.reason)
  return backendContender(backend)
}
