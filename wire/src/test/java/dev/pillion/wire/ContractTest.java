// SPDX-License-Identifier: Apache-2.0
package dev.pillion.wire;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Descriptors.FileDescriptor;
import dev.pillion.wire.common.v1.CommonProto;
import dev.pillion.wire.internals.v1.ApiVersionProto;
import dev.pillion.wire.internals.v1.RemindersProto;
import dev.pillion.wire.internals.v1.ServiceInvocationProto;
import dev.pillion.wire.internals.v1.StatusProto;
import dev.pillion.wire.runtime.v1.ActorsProto;
import dev.pillion.wire.runtime.v1.AiProto;
import dev.pillion.wire.runtime.v1.AppCallbackProto;
import dev.pillion.wire.runtime.v1.BindingProto;
import dev.pillion.wire.runtime.v1.ConfigurationProto;
import dev.pillion.wire.runtime.v1.CryptoProto;
import dev.pillion.wire.runtime.v1.DaprGrpc;
import dev.pillion.wire.runtime.v1.DaprProto;
import dev.pillion.wire.runtime.v1.InvokeProto;
import dev.pillion.wire.runtime.v1.JobsProto;
import dev.pillion.wire.runtime.v1.LockProto;
import dev.pillion.wire.runtime.v1.MetadataProto;
import dev.pillion.wire.runtime.v1.PubSubProto;
import dev.pillion.wire.runtime.v1.SecretProto;
import dev.pillion.wire.runtime.v1.StateProto;
import dev.pillion.wire.runtime.v1.WorkflowProto;
import dev.pillion.wire.scheduler.v1.SchedulerProto;
import io.grpc.MethodDescriptor;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.Test;

/**
 * Compares our own .proto files with the table of Dapr's contract: nothing missing, nothing extra.
 */
class ContractTest {
  private static final List<FileDescriptor> FILES = List.of(
      CommonProto.getDescriptor(),
      ApiVersionProto.getDescriptor(),
      dev.pillion.wire.internals.v1.JobsProto.getDescriptor(),
      RemindersProto.getDescriptor(),
      ServiceInvocationProto.getDescriptor(),
      StatusProto.getDescriptor(),
      ActorsProto.getDescriptor(),
      AiProto.getDescriptor(),
      AppCallbackProto.getDescriptor(),
      BindingProto.getDescriptor(),
      ConfigurationProto.getDescriptor(),
      CryptoProto.getDescriptor(),
      DaprProto.getDescriptor(),
      InvokeProto.getDescriptor(),
      JobsProto.getDescriptor(),
      LockProto.getDescriptor(),
      MetadataProto.getDescriptor(),
      PubSubProto.getDescriptor(),
      SecretProto.getDescriptor(),
      StateProto.getDescriptor(),
      WorkflowProto.getDescriptor(),
      SchedulerProto.getDescriptor());

  private static final Contract DAPR = Contract.inTable(table());
  private static final Contract OURS = Contract.inFiles(FILES);

  @Test
  void theTableHoldsTheContractOfDapr1183() {
    assertThat(DAPR.services()).hasSize(6);
    assertThat(DAPR.rpcs()).hasSize(95).doesNotHaveDuplicates();
    assertThat(DAPR.messages()).hasSize(227).doesNotHaveDuplicates();
    assertThat(DAPR.fields()).hasSize(636).doesNotHaveDuplicates();
    assertThat(DAPR.enums()).hasSize(12).doesNotHaveDuplicates();
    assertThat(DAPR.enumValues()).hasSize(40).doesNotHaveDuplicates();
  }

  @Test
  void everyFileThatIsBuiltIsCompared() throws IOException {
    Path root = Path.of("src/main/protobuf");
    try (Stream<Path> files = Files.walk(root)) {
      assertThat(files.filter(Files::isRegularFile).map(file -> root.relativize(file)
              .toString()))
          .containsExactlyInAnyOrderElementsOf(
              FILES.stream().map(FileDescriptor::getName).toList());
    }
  }

  @Test
  void everyRpcHasItsRequestItsResponseAndItsStreaming() {
    assertSame(OURS.services(), DAPR.services());
    assertSame(OURS.rpcs(), DAPR.rpcs());
  }

  @Test
  void everyMessageStandsInItsFile() {
    assertSame(OURS.messages(), DAPR.messages());
  }

  @Test
  void everyFieldHasItsNumberItsNamesAndItsType() {
    assertSame(OURS.fields(), DAPR.fields());
  }

  @Test
  void everyEnumHasItsValues() {
    assertSame(OURS.enums(), DAPR.enums());
    assertSame(OURS.enumValues(), DAPR.enumValues());
  }

  @Test
  void theStubOfDaprOffersAllItsRpcs() {
    assertThat(DaprGrpc.SERVICE_NAME).isEqualTo("dapr.proto.runtime.v1.Dapr");
    assertThat(DaprGrpc.getServiceDescriptor().getMethods())
        .extracting(MethodDescriptor::getBareMethodName)
        .hasSize(72);
  }

  @Test
  void theClassesAreOurOwnAndTheFilesDependOnNoOthers() {
    for (FileDescriptor file : FILES) {
      String version = file.getPackage().substring("dapr.proto.".length());
      assertThat(file.getOptions().getJavaPackage()).isEqualTo("dev.pillion.wire." + version);
      assertThat(file.getDependencies())
          .allMatch(
              other -> FILES.contains(other) || other.getName().startsWith("google/protobuf/"));
    }
  }

  /** The lists are long: a failure shows what differs, not the lists. */
  private static void assertSame(List<String> ours, List<String> dapr) {
    SoftAssertions.assertSoftly(softly -> {
      softly.assertThat(without(dapr, ours)).as("missing").isEmpty();
      softly.assertThat(without(ours, dapr)).as("extra").isEmpty();
    });
  }

  private static List<String> without(List<String> lines, List<String> others) {
    Set<String> known = Set.copyOf(others);
    return lines.stream().filter(line -> !known.contains(line)).toList();
  }

  private static List<String> table() {
    try (InputStream in = ContractTest.class.getResourceAsStream("contract.txt")) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
