// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.spi;

/**
 * Marks a store whose {@link StoredValue}s hold the very arrays it keeps, because it keeps them in
 * this process. The engine then copies what a program is to hold, and nobody else writes into them.
 */
public interface SharesStoredValues extends StateStoreComponent {}
