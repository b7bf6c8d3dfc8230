// One process, or a cluster of PEER_WORKERS that share the port.

import cluster from 'node:cluster'

import { build } from './app.js'
import { config } from './config.js'

if (config.workers > 1 && cluster.isPrimary) {
  for (let number = 0; number < config.workers; number += 1) cluster.fork()
  process.once('SIGTERM', () => {
    for (const worker of Object.values(cluster.workers)) worker.process.kill('SIGTERM')
  })
} else {
  const app = build(config)
  await app.listen({ host: '127.0.0.1', port: config.port })
  process.once('SIGTERM', async () => {
    await app.close()
    process.exit(0)
  })
}
