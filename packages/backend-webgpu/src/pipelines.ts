import { MobileOneError } from '@mobileone/core'
import { messageOf } from './error-message.ts'

const pipelines = new WeakMap<GPUDevice, Map<string, Promise<GPUComputePipeline>>>()

/**
 * The pipeline of a kernel. A device builds each text once, for all models compiled on it.
 * @throws MobileOneError `unavailable` where the device refuses the kernel.
 */
export function pipelineOf(device: GPUDevice, code: string, label: string): Promise<GPUComputePipeline> {
  const known = pipelines.get(device) ?? new Map<string, Promise<GPUComputePipeline>>()
  pipelines.set(device, known)
  const built = known.get(code) ?? build(device, code, label)
  known.set(code, built)
  built.catch(() => known.delete(code))
  return built
}

async function build(device: GPUDevice, code: string, label: string): Promise<GPUComputePipeline> {
  try {
    const module = device.createShaderModule({ label, code })
    return await device.createComputePipelineAsync({
      label,
      layout: 'auto',
      compute: { module, entryPoint: 'main' },
    })
  } catch (cause) {
    throw new MobileOneError(
      'unavailable',
      `webgpu: the device refused the kernel "${label}": ${messageOf(cause)}`,
      { cause },
    )
  }
}
