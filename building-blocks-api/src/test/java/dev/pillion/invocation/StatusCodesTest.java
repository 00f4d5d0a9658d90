// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class StatusCodesTest {
  private static InvocationResponse answer(int status) {
    return InvocationResponse.of(status, Map.of(), "", new byte[0]);
  }

  @ParameterizedTest
  @CsvSource({
    "0, 200", "1, 408", "2, 500", "3, 400", "4, 504", "5, 404", "6, 409", "7, 403", "8, 429",
    "9, 400", "10, 409", "11, 400", "12, 501", "13, 500", "14, 503", "15, 500", "16, 401", "99, 500"
  })
  void anHttpCallerSeesTheStatusOfDaprsTable(int grpc, int http) {
    assertThat(answer(grpc).httpStatus()).isEqualTo(http);
    assertThat(answer(grpc).grpcCode()).isEqualTo(grpc);
  }

  @ParameterizedTest
  @CsvSource({
    "200, 0", "204, 0", "400, 13", "401, 16", "403, 7", "404, 5", "408, 1", "409, 6", "429, 8",
    "500, 2", "501, 12", "502, 2", "503, 14", "504, 4", "301, 2", "418, 2"
  })
  void aGrpcCallerSeesTheCodeOfDaprsTable(int http, int grpc) {
    assertThat(answer(http).grpcCode()).isEqualTo(grpc);
    assertThat(answer(http).httpStatus()).isEqualTo(http);
    assertThat(answer(http).isSuccess()).isEqualTo(grpc == 0);
  }
}
