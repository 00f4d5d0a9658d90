// SPDX-License-Identifier: Apache-2.0
package dev.pillion.outbox;

/**
 * A row that this relay has taken.
 *
 * @param attempts how often the event was refused
 */
record OutboxRow(long id, int attempts, OutboxEvent event) {}
