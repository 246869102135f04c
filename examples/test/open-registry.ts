/** Before all tests of examples: one registry with the packed packages, whose address tests have as MOBILEONE_REGISTRY. */
import { reportLack } from '@mobileone/testkit'
import { openRegistry, type Registry } from '../../tooling/registry/open-registry.mjs'

export default async function setup(): Promise<(() => Promise<void>) | undefined> {
  if (process.env.MOBILEONE_REGISTRY) return undefined
  let registry: Registry
  try {
    registry = await openRegistry()
  } catch (error) {
    reportLack('registry', (error as Error).message)
    return undefined
  }
  const { status } = await fetch(new URL('sharp', registry.url))
  if (status !== 200) {
    await registry.close()
    reportLack('registry', `the registry that npm is configured with answers ${status}`)
    return undefined
  }
  process.env.MOBILEONE_REGISTRY = registry.url
  return registry.close
}
