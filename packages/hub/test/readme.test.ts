import { expect, it, vi } from 'vitest'
import { hubContext } from './hub-context.ts'
import { fetchS0 } from './readme-example.ts'
import { sendFile, sha256, someBytes } from './server.ts'

const hub = hubContext()

it('the example of the README does what it says', async () => {
  const body = someBytes(100_000)
  await hub.serve((request, response) => sendFile(request, response, body))
  vi.stubEnv('HF_ENDPOINT', hub.server.url)
  vi.stubEnv('MOBILEONE_CACHE', hub.directory)
  const log = vi.spyOn(console, 'log').mockImplementation(() => {})
  try {
    expect(await fetchS0()).toMatchObject({ sha256: sha256(body), fromCache: false })
    expect(await fetchS0(sha256(body))).toMatchObject({ sha256: sha256(body), fromCache: true })
    expect(log).toHaveBeenCalledWith('download', body.length, body.length)
    await expect(fetchS0('0'.repeat(64))).rejects.toMatchObject({ code: 'integrity' })
  } finally {
    log.mockRestore()
    vi.unstubAllEnvs()
  }
})
