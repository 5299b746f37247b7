/** Which connections are answered just now, so that a server that stops waits for those and for no others. @module */
import type { IncomingMessage, Server } from 'node:http'
import type { Socket } from 'node:net'

export class Connections {
  readonly #underWay: Map<Socket, number> = new Map()
  #isEnding = false

  constructor(server: Server) {
    server.on('connection', (socket: Socket) => {
      this.#underWay.set(socket, 0)
      socket.on('close', () => this.#underWay.delete(socket))
    })
  }

  begin({ socket }: IncomingMessage): void {
    this.#change(socket, 1)
  }

  end({ socket }: IncomingMessage): void {
    this.#change(socket, -1)
    if (this.#isEnding) this.#letGo(socket)
  }

  /** Node counts a connection that has asked nothing yet as busy, and would wait for it. */
  endIdle(): void {
    this.#isEnding = true
    for (const socket of this.#underWay.keys()) this.#letGo(socket)
  }

  #change(socket: Socket, by: number): void {
    const count = this.#underWay.get(socket)
    if (count !== undefined) this.#underWay.set(socket, count + by)
  }

  #letGo(socket: Socket): void {
    if (this.#underWay.get(socket) === 0) socket.destroySoon()
  }
}
