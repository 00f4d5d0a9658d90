// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.pillion.wire.common.v1.StreamPayload;
import java.io.IOException;
import org.junit.jupiter.api.Test;

class ChunkStreamTest {
  private final Asked call = new Asked();
  private final ChunkStream body = new ChunkStream(call);
  private int sent;

  /** How many messages may come that have not. */
  private static final class Asked implements ChunkStream.Call {
    private int open = ChunkStream.WINDOW;
    private int times;
    private boolean givenUp;

    @Override
    public void request(int messages) {
      open += messages;
      times++;
    }

    @Override
    public void giveUp() {
      givenUp = true;
    }

    @Override
    public RuntimeException interrupted(InterruptedException cause) {
      return new IllegalStateException(cause);
    }

    @Override
    public RuntimeException outOfOrder(String why) {
      return new IllegalStateException(why);
    }
  }

  private void comes(String text) {
    call.open--;
    body.add(StreamPayload.newBuilder()
        .setSeq(sent++)
        .setData(ByteString.copyFromUtf8(text))
        .build());
  }

  @Test
  void oneChunkThatIsAllIsReadWithoutAskingForMore() throws IOException {
    comes("whole");
    body.end(null);
    assertThat(body.readAllBytes()).asString().isEqualTo("whole");
    assertThat(body.readAllBytes()).isEmpty();
    assertThat(call.times).isZero();
  }

  @Test
  void readingSoManyBytesStopsThere() {
    comes("abc");
    comes("def");
    assertThat(body.readNBytes(0)).isEmpty();
    assertThat(body.readNBytes(4)).asString().isEqualTo("abcd");
    assertThat(body.available()).isEqualTo(2);
    body.end(null);
    assertThat(body.read()).isEqualTo('e');
    assertThat(body.readNBytes(100)).asString().isEqualTo("f");
    assertThat(body.read()).isEqualTo(-1);
    assertThatThrownBy(() -> body.readNBytes(-1)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void moreIsAskedForAsItIsReadAndNeverMoreThanTheWindow() {
    for (int i = 0; i < 100; i++) {
      assertThat(call.open).as("or it would stop here").isPositive();
      comes("x");
      assertThat(body.read()).isEqualTo('x');
      assertThat(call.open).isLessThanOrEqualTo(ChunkStream.WINDOW);
    }
    assertThat(call.times).as("two at a time").isEqualTo(50);
    while (call.open > 0) {
      comes("y");
    }
    assertThat(body.available()).as("unread").isLessThanOrEqualTo(ChunkStream.WINDOW);
  }

  @Test
  void allThatCameIsReadBeforeTheFailureThatEndedIt() {
    comes("abc");
    body.end(new IllegalStateException("broken off"));
    assertThat(body.readNBytes(3)).asString().isEqualTo("abc");
    assertThatThrownBy(body::readAllBytes).hasMessage("broken off");
  }

  @Test
  void closingGivesUpWhatIsNotAtItsEnd() throws IOException {
    comes("abc");
    body.close();
    assertThat(call.givenUp).isTrue();
    assertThat(body.readAllBytes()).isEmpty();
  }
}
