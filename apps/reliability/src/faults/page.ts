/** What is done to workers and to the GPU from inside a page. */
import { webgpu } from '@mobileone/backend-webgpu'
import { isMobileOneError, type Model, type Tensors } from '@mobileone/core'
import { createWorkerClassifier } from '@mobileone/sdk/worker'
import { inputOf, loadNetwork, networkFile } from '../soak/network.ts'

/** Each returns what was seen. */
export interface FaultsPage {
  terminateWorker(): Promise<string>
  destroyGivenDevice(): Promise<string>
  destroyOwnDevice(): Promise<string>
  destroyWhileCompiling(): Promise<string>
  /** Sets `isRunning` of the global object once runs are under way, and waits for the end of the GPU process. */
  loseGpuProcess(): Promise<string>
}

function must(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Error(what)
}

/** How a call ends; one that does not end within two minutes hangs. */
async function endOf(call: Promise<unknown>): Promise<string> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const hung = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve('no end within 120 s'), 120_000)
  })
  const ended = call.then(
    () => 'done',
    (error) => (isMobileOneError(error) ? error.code : `untyped: ${error}`),
  )
  try {
    return await Promise.race([ended, hung])
  } finally {
    clearTimeout(timer)
  }
}

const bitsOf = (outputs: Tensors): string =>
  JSON.stringify(Object.values(outputs).map(({ data }) => [...data]))

/** Keeps every device that is made from now on. */
function watchDevices(): GPUDevice[] {
  const made: GPUDevice[] = []
  const { requestDevice } = GPUAdapter.prototype
  GPUAdapter.prototype.requestDevice = async function (this: GPUAdapter, ...given) {
    const device = await requestDevice.apply(this, given)
    made.push(device)
    return device
  }
  return made
}

async function prepared(): Promise<{ model: Model; inputs: Tensors }> {
  const model = await loadNetwork(networkFile())
  return { model, inputs: inputOf(model) }
}

const faults: FaultsPage = {
  async terminateWorker() {
    const { model, inputs } = await prepared()
    const [input] = Object.values(inputs)
    const made: Worker[] = []
    const worker = (): Worker => {
      made.push(new Worker('/sdk/classifier-worker.mjs', { type: 'module' }))
      return made.at(-1) as Worker
    }
    const ask = (of: Awaited<ReturnType<typeof createWorkerClassifier>>): Promise<unknown> =>
      of.logits(input as Tensors[string])
    const classifier = await createWorkerClassifier({ model, worker })
    const expected = JSON.stringify(await ask(classifier))
    const calls = Array.from({ length: 5 }, () => endOf(ask(classifier)))
    made[0]?.terminate()
    const ends = await Promise.all(calls)
    must(
      ends.every((end) => end === 'device-lost' || end === 'done'),
      `calls ended with ${ends}`,
    )
    const later = await endOf(ask(classifier))
    must(later === 'device-lost', `a later call ended with ${later}`)
    const again = await createWorkerClassifier({ model, worker })
    must(JSON.stringify(await ask(again)) === expected, 'another answer')
    await again.dispose()
    const lost = ends.filter((end) => end === 'device-lost').length
    return `${lost} of 5 calls and a later one ended with \`device-lost\`; created anew it answers alike`
  },

  async destroyGivenDevice() {
    const { model, inputs } = await prepared()
    const device = await (await navigator.gpu.requestAdapter())?.requestDevice()
    must(device !== undefined, 'there is no adapter')
    const executor = await webgpu({ device }).compile(model)
    await executor.run(inputs)
    const running = endOf(executor.run(inputs))
    device.destroy()
    const ends = [await running, await endOf(executor.run(inputs))]
    must(ends[1] === 'device-lost', `the run after it ended with ${ends[1]}`)
    must(ends[0] === 'device-lost' || ends[0] === 'done', `the run ended with ${ends[0]}`)
    const disposed = await endOf(executor.dispose())
    must(disposed === 'done', `dispose ended with ${disposed}`)
    return `the run under way: ${ends[0]}; the next: ${ends[1]}; \`dispose\` ends well`
  },

  async destroyOwnDevice() {
    const devices = watchDevices()
    const { model, inputs } = await prepared()
    const executor = await webgpu().compile(model)
    const expected = bitsOf(await executor.run(inputs))
    const seen: string[] = []
    for (let turn = 0; turn < 3; turn++) {
      const running = endOf(executor.run(inputs))
      devices.at(-1)?.destroy()
      seen.push(await running)
      let end = ''
      for (let tries = 0; tries < 3 && end !== 'done'; tries++) {
        end = await endOf(
          executor.run(inputs).then((outputs) => must(bitsOf(outputs) === expected, 'another answer')),
        )
        must(end === 'done' || end === 'device-lost', `the run after it ended with ${end}`)
      }
      must(end === 'done', 'no run went well on a new device')
    }
    await executor.dispose()
    return `the runs under way: ${seen.join(', ')}; then the same bits on ${devices.length - 1} new devices`
  },

  async destroyWhileCompiling() {
    const { model, inputs } = await prepared()
    const { requestDevice } = GPUAdapter.prototype
    let destroyed = 0
    GPUAdapter.prototype.requestDevice = async function (this: GPUAdapter, ...given) {
      const device = await requestDevice.apply(this, given)
      if (destroyed++ < 3) setTimeout(() => device.destroy(), 5 * destroyed)
      return device
    }
    const ends: string[] = []
    for (let turn = 0; turn < 3; turn++) {
      ends.push(
        await endOf(
          webgpu()
            .compile(model)
            .then(async (executor) => {
              try {
                await executor.run(inputs)
              } finally {
                await executor.dispose()
              }
            }),
        ),
      )
    }
    must(
      ends.every((end) => ['done', 'device-lost', 'unavailable'].includes(end)),
      `compilations ended with ${ends.join(', ')}`,
    )
    GPUAdapter.prototype.requestDevice = requestDevice
    const executor = await webgpu().compile(model)
    await executor.run(inputs)
    await executor.dispose()
    return `compilations and their first run ended with ${ends.join(', ')}; the next ends well`
  },

  async loseGpuProcess() {
    const { model, inputs } = await prepared()
    const executor = await webgpu().compile(model)
    const expected = bitsOf(await executor.run(inputs))
    Object.assign(globalThis, { isRunning: true })
    let lost = ''
    for (const until = performance.now() + 60_000; lost === '' && performance.now() < until; ) {
      const end = await endOf(executor.run(inputs))
      if (end !== 'done') lost = end
    }
    must(lost === 'device-lost', `the run under way ended with ${lost || 'nothing within a minute'}`)
    let end = ''
    let tries = 0
    for (; tries < 20 && end !== 'done'; tries++) {
      end = await endOf(
        executor.run(inputs).then((outputs) => must(bitsOf(outputs) === expected, 'another answer')),
      )
      must(['done', 'device-lost', 'unavailable'].includes(end), `the run after it ended with ${end}`)
      await new Promise((resolve) => setTimeout(resolve, 250))
    }
    must(end === 'done', `no run went well afterwards: ${end}`)
    await executor.dispose()
    return `\`${lost}\`; run ${tries} after it gave the same bits on a new device`
  },
}
Object.assign(globalThis, { faults })
