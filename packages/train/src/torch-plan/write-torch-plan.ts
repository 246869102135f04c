import { join } from 'node:path'
import { MobileOneError } from '@mobileone/core'
import type { TorchPlan } from './torch-plan.ts'

/**
 * Write the files of a plan to `folder`, which is made where it is missing; returns their paths.
 * @throws MobileOneError `invalid-argument` where the folder cannot be written.
 */
export async function writeTorchPlan(folder: string, plan: TorchPlan): Promise<readonly string[]> {
  const { mkdir, writeFile } = await import('node:fs/promises')
  const paths: string[] = []
  try {
    await mkdir(folder, { recursive: true })
    for (const [name, text] of Object.entries(plan.files)) {
      const path = join(folder, name)
      await writeFile(path, text)
      paths.push(path)
    }
  } catch (cause) {
    throw new MobileOneError(
      'invalid-argument',
      `the plan cannot be written to ${folder}: ${(cause as Error).message}`,
      { cause },
    )
  }
  return paths
}
