import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { isMobileOneError } from '@mobileone/core'
import { lacking, reportLack, vulkanDriver } from '@mobileone/testkit'

/** WebGPU in Node: Dawn from the package `webgpu` over SwiftShader or the Vulkan driver of VK_ICD_FILENAMES. */
export const gpu: GPU | undefined = await open()

async function open(): Promise<GPU | undefined> {
  if (lacking('webgpu')) return undefined
  process.env.VK_ICD_FILENAMES = vulkanDriver
  keepLoaded(join(dirname(vulkanDriver), 'libvulkan.so.1'))
  return openDawn([])
}

/** Dawn with these options, or undefined with a line that says why. */
export async function openDawn(options: readonly string[]): Promise<GPU | undefined> {
  try {
    const name = 'webgpu'
    const { create } = (await import(/* @vite-ignore */ name)) as { create(options: readonly string[]): GPU }
    const created = create(options)
    if (await created.requestAdapter()) return created
    reportLack('webgpu', `Dawn found no adapter [${options}]`)
  } catch (error) {
    if (isMobileOneError(error)) throw error
    reportLack('webgpu', `the package webgpu does not load (${error})`)
  }
  return undefined
}

/**
 * Load the Vulkan loader that lies beside the driver, outside the paths the dynamic linker searches. It is no addon, which
 * Node reports after loading it; RTLD_NODELETE keeps it, and Dawn then finds it by its name.
 */
function keepLoaded(library: string): void {
  if (!existsSync(library)) return
  const [now, noDelete] = [0x2, 0x1000]
  try {
    process.dlopen({ exports: {} }, library, now | noDelete)
  } catch {}
}
