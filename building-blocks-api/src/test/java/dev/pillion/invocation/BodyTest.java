// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Bodies that are streams, and how long they say they are. */
class BodyTest {
  private static final byte[] THREE = {1, 2, -1};

  private static Body streamed(long length) {
    return Body.of(new ByteArrayInputStream(THREE), length);
  }

  private static byte[] oneByOne(InputStream stream) throws IOException {
    var bytes = new byte[THREE.length];
    int count = 0;
    for (int read = stream.read(); read >= 0; read = stream.read()) {
      bytes[count++] = (byte) read;
    }
    return bytes;
  }

  @ParameterizedTest
  @ValueSource(longs = {-1, 3})
  void aStreamAsLongAsWasSaidIsRead(long length) throws IOException {
    assertThat(streamed(length).bytes()).isEqualTo(THREE);
    assertThat(oneByOne(streamed(length).open())).isEqualTo(THREE);
  }

  @ParameterizedTest
  @ValueSource(longs = {4, 100, Long.MAX_VALUE})
  void aStreamThatEndsBeforeFails(long length) {
    assertThatIOException()
        .isThrownBy(() -> streamed(length).bytes())
        .withMessage("the body holds fewer bytes than the " + length + " that were announced");
    assertThatIOException()
        .isThrownBy(() -> oneByOne(streamed(length).open()))
        .withMessageContaining("fewer");
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 1, 2})
  void aStreamThatGoesOnFails(long length) {
    assertThatIOException()
        .isThrownBy(() -> streamed(length).bytes())
        .withMessage("the body holds more bytes than the " + length + " that were announced");
    assertThatIOException()
        .isThrownBy(() -> oneByOne(streamed(length).open()))
        .withMessageContaining("more");
  }

  @Test
  void aLimitChangesNothingOfThat() {
    assertThatIOException()
        .isThrownBy(() -> streamed(2).limitedTo(10, IllegalStateException::new).bytes());
    assertThatThrownBy(() -> streamed(-1)
            .limitedTo(2, () -> new IllegalStateException("too large"))
            .bytes())
        .hasMessage("too large");
  }

  @Test
  void aStreamIsReadOnce() throws IOException {
    var body = streamed(3);
    body.open().close();
    assertThatThrownBy(body::open).hasMessageContaining("it has been read");
    var limited = streamed(3);
    limited.limitedTo(10, IllegalStateException::new);
    assertThatThrownBy(limited::open).hasMessageContaining("it has been read");
  }
}
