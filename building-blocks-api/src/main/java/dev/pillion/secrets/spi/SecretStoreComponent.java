// SPDX-License-Identifier: Apache-2.0
package dev.pillion.secrets.spi;

import dev.pillion.component.Component;
import java.util.Map;

/** A secret store as component files refer to it by {@code auth.secretStore}. */
public interface SecretStoreComponent extends Component {
  /**
   * The fields of one secret; empty when there is no such secret.
   *
   * @throws dev.pillion.ComponentException when the store can't be read
   */
  Map<String, String> secret(String name);
}
