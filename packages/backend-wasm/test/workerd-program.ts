import { wasm } from '@mobileone/backend-wasm'
import { reference } from '@mobileone/core'
import { distance } from './distance.ts'
import { image, network } from './networks.ts'

/** Answers with how far the backend is from the reference, or why it does not compile. */
export default {
  async fetch(): Promise<Response> {
    try {
      const model = network('s0', 32)
      const input = image(model, 1)
      const backend = wasm()
      const executor = await backend.compile(model)
      const { logits } = await executor.run(input)
      await executor.dispose()
      const want = await (await reference().compile(model)).run(input)
      return Response.json({
        probe: await backend.probe(),
        distance: distance(logits!.data, want.logits!.data),
      })
    } catch (error) {
      const { code, message } = error as { code?: string; message: string }
      return Response.json({ code, message })
    }
  },
}
