// SPDX-License-Identifier: Apache-2.0
package dev.pillion;

/** Something that a program has been registered for; closing it ends that. */
@FunctionalInterface
public interface Registration extends AutoCloseable {
  /** Ends it; idempotent. Nothing is called afterwards that had not begun. */
  @Override
  void close();
}
