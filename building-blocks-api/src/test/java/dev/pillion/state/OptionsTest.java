// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state;

import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;

class OptionsTest {
  @Test
  void anEmptyEtagIsRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> SaveOptions.ifMatch(""))
        .withMessageContaining("an empty etag");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> DeleteOptions.ifMatch(""))
        .withMessageContaining("an empty etag");
  }
}
