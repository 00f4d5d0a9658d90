// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state;

/** How far a write must have gone before it is acknowledged, as in Dapr. */
public enum Consistency {
  /** What the store does by itself: acknowledged by the primary. */
  EVENTUAL,
  /** Acknowledged by the store's replicas too, where it has any. */
  STRONG
}
