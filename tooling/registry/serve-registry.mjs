/** The process of a registry: takes the configuration from its parent, tells it the port, and ends with it. */
import { runServer } from 'verdaccio'

process.once('message', async (configuration) => {
  try {
    const server = await runServer(configuration)
    server.once('error', ({ message }) => process.send({ error: message }))
    server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }))
  } catch (error) {
    process.send({ error: String(error) })
  }
})
process.once('disconnect', () => process.exit())
