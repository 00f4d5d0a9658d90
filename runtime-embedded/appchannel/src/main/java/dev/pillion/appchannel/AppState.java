// SPDX-License-Identifier: Apache-2.0
package dev.pillion.appchannel;

/** How a program stands. */
public enum AppState {
  /** It has not been seen listening yet, or, with a health check, not been well yet. */
  WAITING,
  /** It may be given work. Without a health check it stays so from the first connection on. */
  HEALTHY,
  /** Too many probes in a row have failed: no intake until one succeeds. */
  UNHEALTHY
}
