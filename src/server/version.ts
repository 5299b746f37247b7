/** Name and version of the software, as session documents give them. @module */

export const SOFTWARE_NAME = 'countersign'
/** That of package.json. */
export const SOFTWARE_VERSION = '0.1.0'
