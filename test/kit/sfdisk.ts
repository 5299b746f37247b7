/** The program that the volume of settings is made with, where the system has it: Debian's package fdisk. @module */
import { existsSync } from 'node:fs'

const FOLDERS = [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin', '/sbin']

/** Whether it is there; says once in each test file what is left out where it is not. */
export function findSfdisk(without: string): boolean {
  const isHere = FOLDERS.some((folder) => existsSync(`${folder}/sfdisk`))
  if (!isHere) process.stdout.write(`no sfdisk at hand (package fdisk): ${without}\n`)
  return isHere
}
