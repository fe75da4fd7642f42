"""Rows and columns: which model a row prices, which meter a column holds, and what is neither."""

from __future__ import annotations

import pytest

from tests.reading.test_tables import brief, read

CASES = {
    "an uncached column is input alone": (
        """
        | Model | Uncached Input Tokens (Per Million) | Cached Input (Per Million Tokens) | Output (Per Million) |
        |---|---|---|---|
        | nova-1 | $1.00 | $0.50 | $3.00 |
        """,
        """
        nova-1 cached_input 0.50 USD 1000000 token
        nova-1 input 1.00 USD 1000000 token
        nova-1 output 3.00 USD 1000000 token
        """,
    ),
    "reasoning tokens are output": (
        """
        ## nova-1

        | Token type | Price per 1M tokens |
        |---|---|
        | Input tokens | $2.00 |
        | Output tokens | $8.00 |
        | Reasoning tokens | $3.00 |
        """,
        """
        nova-1 input 2.00 USD 1000000 token
        nova-1 output 3.00 USD 1000000 token other=reasoning tokens
        nova-1 output 8.00 USD 1000000 token
        """,
    ),
    "a column of thinking output": (
        """
        | Model | Input ($/1M tokens) | Output ($/1M tokens) | Thinking output ($/1M tokens) |
        |---|---|---|---|
        | nova-1 | 0.10 | 0.40 | 3.50 |
        """,
        """
        nova-1 input 0.10 USD 1000000 token
        nova-1 output 0.40 USD 1000000 token
        nova-1 output 3.50 USD 1000000 token mode=thinking
        """,
    ),
    "the direction stands behind the name": (
        """
        | Model | Base price | Batch (-50%) | Cached (-90%) |
        |---|---|---|---|
        | nova-1 input | $2.00 / MTok | $1.00 / MTok | $0.20 / MTok |
        | nova-1 output | $8.00 / MTok | $4.00 / MTok | - |
        """,
        """
        nova-1 cached_input 0.20 USD 1000000 token
        nova-1 input 1.00 USD 1000000 token batch
        nova-1 input 2.00 USD 1000000 token
        nova-1 output 4.00 USD 1000000 token batch
        nova-1 output 8.00 USD 1000000 token
        """,
    ),
    "the direction stands behind the name, in Chinese": (
        """
        | 模型 | 价格(元/百万tokens) |
        |---|---|
        | nova-1 输入 | 4 |
        | nova-1 输出 | 16 |
        | nova-1 缓存命中 | 0.4 |
        """,
        """
        nova-1 cached_input 0.4 CNY 1000000 token
        nova-1 input 4 CNY 1000000 token
        nova-1 output 16 CNY 1000000 token
        """,
    ),
    "the unit stands beside the name": (
        """
        | Model | Input | Output |
        |---|---|---|
        | nova-1 (per 1M tokens) | $1.00 | $4.00 |
        | nova-2 (per 1K tokens) | $0.01 | $0.04 |
        """,
        """
        nova-1 input 1.00 USD 1000000 token
        nova-1 output 4.00 USD 1000000 token
        nova-2 input 0.01 USD 1000 token
        nova-2 output 0.04 USD 1000 token
        """,
    ),
    "a branch holds a range": (
        """
        | Model | Input (per 1M tokens) | Output (per 1M tokens) | Context |
        |---|---|---|---|
        | Nova 4 | $1.00 | $2.00 | 1M |
        | ↳ >200K Context | $2.00 | $4.00 | |
        | Nova 3 | $0.50 | $0.60 | 128K |
        """,
        """
        Nova 3 input 0.50 USD 1000000 token
        Nova 3 output 0.60 USD 1000000 token
        Nova 4 input 1.00 USD 1000000 token
        Nova 4 input 2.00 USD 1000000 token context_tokens=200000..None
        Nova 4 output 2.00 USD 1000000 token
        Nova 4 output 4.00 USD 1000000 token context_tokens=200000..None
        """,
    ),
    "branches hold a state and a tier": (
        """
        | Model | Price per 1M input tokens | Price per 1M output tokens |
        |---|---|---|
        | Nova 4 | $1.00 | $2.00 |
        | └ cached | $0.10 | - |
        | └ batch | $0.50 | $1.00 |
        | Nova 3 | $0.50 | $0.60 |
        """,
        """
        Nova 3 input 0.50 USD 1000000 token
        Nova 3 output 0.60 USD 1000000 token
        Nova 4 cached_input 0.10 USD 1000000 token
        Nova 4 input 0.50 USD 1000000 token batch
        Nova 4 input 1.00 USD 1000000 token
        Nova 4 output 1.00 USD 1000000 token batch
        Nova 4 output 2.00 USD 1000000 token
        """,
    ),
    "ditto repeats the name above": (
        """
        | Model | Tier | Input ($/1M tokens) | Output ($/1M tokens) |
        |---|---|---|---|
        | Nova 4 | Standard | 1.00 | 2.00 |
        | ditto | Batch | 0.50 | 1.00 |
        | Nova 3 | Standard | 0.40 | 0.80 |
        | " | Batch | 0.20 | 0.40 |
        """,
        """
        Nova 3 input 0.20 USD 1000000 token batch
        Nova 3 input 0.40 USD 1000000 token
        Nova 3 output 0.40 USD 1000000 token batch
        Nova 3 output 0.80 USD 1000000 token
        Nova 4 input 0.50 USD 1000000 token batch
        Nova 4 input 1.00 USD 1000000 token
        Nova 4 output 1.00 USD 1000000 token batch
        Nova 4 output 2.00 USD 1000000 token
        """,
    ),
    "同上 repeats the name above, 不限 is no condition": (
        """
        | 模型 | 输入长度 | 输入(元/百万tokens) | 输出(元/百万tokens) |
        |---|---|---|---|
        | nova-4 | ≤32K | 1 | 2 |
        | 同上 | >32K | 3 | 6 |
        | nova-3 | 不限 | 0.4 | 0.8 |
        """,
        """
        nova-3 input 0.4 CNY 1000000 token
        nova-3 output 0.8 CNY 1000000 token
        nova-4 input 1 CNY 1000000 token context_tokens=None..32000
        nova-4 input 3 CNY 1000000 token context_tokens=32000..None
        nova-4 output 2 CNY 1000000 token context_tokens=None..32000
        nova-4 output 6 CNY 1000000 token context_tokens=32000..None
        """,
    ),
    "a range in the place of a name": (
        """
        | Model | Input (1M tokens) | Output (1M tokens) |
        |---|---|---|
        | Nova 4 | $1.00 | $2.00 |
        |   > 200k | $2.00 | $4.00 |
        """,
        """
        Nova 4 input 1.00 USD 1000000 token
        Nova 4 input 2.00 USD 1000000 token context_tokens=200000..None
        Nova 4 output 2.00 USD 1000000 token
        Nova 4 output 4.00 USD 1000000 token context_tokens=200000..None
        """,
    ),
    "a short row that may have lost a middle cell is refused": (
        """
        | Model | Input (1M tokens) | Cached (1M tokens) | Output (1M tokens) |
        |---|---|---|---|
        | nova-1 | $1.00 | $4.00 |
        | nova-2 | $2.00 | $0.50 | $5.00 |
        """,
        """
        nova-2 cached_input 0.50 USD 1000000 token
        nova-2 input 2.00 USD 1000000 token
        nova-2 output 5.00 USD 1000000 token
        """,
    ),
    "tokens for a dollar beside the price": (
        """
        | AI Model | Current Speed | Input Token Price (Per Million Tokens) | Output Token Price (Per Million Tokens) |
        |---|---|---|---|
        | Nova 20B 128k | 1,000 TPS | $0.075 (13.3M / $1)* | $0.30 (3.33M / $1)* |
        | Nova 120B 128k | 500 TPS | $0.15 (6.67M / $1)* | $0.60 (1.67M / $1)* |
        """,
        """
        Nova 120B 128k input 0.15 USD 1000000 token
        Nova 120B 128k output 0.60 USD 1000000 token
        Nova 20B 128k input 0.075 USD 1000000 token
        Nova 20B 128k output 0.30 USD 1000000 token
        """,
    ),
    "a doubled heading with a strange word is refused": (
        """
        | Model | Input price per 1M tokens | Night zorblax input price per 1M tokens | Output price per 1M tokens |
        |---|---|---|---|
        | nova-1 | $1.00 | $0.60 | $4.00 |
        """,
        """
        nova-1 input 1.00 USD 1000000 token
        nova-1 output 4.00 USD 1000000 token
        """,
    ),
    "a sentence is glued to the head": (
        """
        | **Token pricing** counts your request and response. Model | Input Tokens ($/1M) | Output Tokens ($/1M) |
        |---|---|---|
        | Sonar Nova | $1 | $1 |
        | Sonar Nova Pro | $3 | $15 |
        """,
        """
        Sonar Nova Pro input 3 USD 1000000 token
        Sonar Nova Pro output 15 USD 1000000 token
        Sonar Nova input 1 USD 1000000 token
        Sonar Nova output 1 USD 1000000 token
        """,
    ),
    "a unit column and tiers across": (
        """
        | 模型 | 版本 | 服务内容 | 子项 | 在线推理 | 批量推理 | 单位 |
        |---|---|---|---|---|---|---|
        | NOVA 4.5 | NOVA-4.5-Turbo-128K | 推理服务 | 输入 | 0.0008 | 0.0003 | 元/千tokens |
        | NOVA 4.5 | NOVA-4.5-Turbo-128K | 推理服务 | 输出 | 0.0032 | 0.0013 | 元/千tokens |
        """,
        """
        NOVA 4.5 input 0.0003 CNY 1000 token batch
        NOVA 4.5 input 0.0008 CNY 1000 token
        NOVA 4.5 output 0.0013 CNY 1000 token batch
        NOVA 4.5 output 0.0032 CNY 1000 token
        """,
    ),
    "the prices stand among the notes": (
        """
        | 模型名称 | 计费方式 | 计费说明 |
        |---|---|---|
        | nova-pro | 按量 | 输入4元/百万tokens，输出16元/百万tokens |
        | nova-lite | 按量 | 输入 0.5 元/百万tokens，输出 2 元/百万tokens |
        """,
        """
        nova-lite input 0.5 CNY 1000000 token
        nova-lite output 2 CNY 1000000 token
        nova-pro input 4 CNY 1000000 token
        nova-pro output 16 CNY 1000000 token
        """,
    ),
    "brackets tell sizes and tiers apart": (
        """
        | Model | Price per 1,000 input tokens | Price per 1,000 output tokens |
        |---|---|---|
        | Nova Instruct (8B) | $0.00022 | $0.00022 |
        | Nova Instruct (70B) | $0.00072 | $0.00072 |
        | Nova Pro | $0.0008 | $0.0032 |
        | Nova Pro (w/ latency optimized inference) | $0.001 | $0.004 |
        """,
        """
        Nova Instruct 70B input 0.00072 USD 1000 token
        Nova Instruct 70B output 0.00072 USD 1000 token
        Nova Instruct 8B input 0.00022 USD 1000 token
        Nova Instruct 8B output 0.00022 USD 1000 token
        Nova Pro input 0.0008 USD 1000 token
        Nova Pro input 0.001 USD 1000 token low_latency
        Nova Pro output 0.0032 USD 1000 token
        Nova Pro output 0.004 USD 1000 token low_latency
        """,
    ),
    "lengths in brackets tell rows apart": (
        """
        | Model | Input | Output |
        |---|---|---|
        | GPT-3-Nova (4k) | $0.0015 / 1K tokens | $0.002 / 1K tokens |
        | GPT-3-Nova (16k) | $0.003 / 1K tokens | $0.004 / 1K tokens |
        """,
        """
        GPT-3-Nova input 0.0015 USD 1000 token other=4k
        GPT-3-Nova input 0.003 USD 1000 token other=16k
        GPT-3-Nova output 0.002 USD 1000 token other=4k
        GPT-3-Nova output 0.004 USD 1000 token other=16k
        """,
    ),
    "training beside use": (
        """
        ## Fine-tuned models

        | Model | Training | Usage |
        |---|---|---|
        | Nova | $0.0004 / 1K tokens | $0.0016 / 1K tokens |
        | Vega | $0.0006 / 1K tokens | $0.0024 / 1K tokens |
        """,
        """
        Nova input 0.0016 USD 1000 token
        Nova output 0.0016 USD 1000 token
        Nova training 0.0004 USD 1000 token
        Vega input 0.0024 USD 1000 token
        Vega output 0.0024 USD 1000 token
        Vega training 0.0006 USD 1000 token
        """,
    ),
    "a strange word where other rows name directions": (
        """
        | Service | Price |
        |---|---|
        | Nova-Bot-8k (输入) | 0.024元/千tokens |
        | Nova-Bot-8k (**Zorblax**) | 0.048元/千tokens |
        """,
        """
        Nova-Bot-8k input 0.024 CNY 1000 token
        """,
    ),
    "a column of nothing but free": (
        """
        | Model | Input | Cached Input | Cached Input Storage | Output |
        |---|---|---|---|---|
        | nova-1 | $0.6 / M tokens | $0.11 / M tokens | Limited-time Free | $2.2 / M tokens |
        | nova-2 | $0.2 / M tokens | $0.03 / M tokens | Limited-time Free | $1.1 / M tokens |
        """,
        """
        nova-1 cache_storage free - - -
        nova-1 cached_input 0.11 USD 1000000 token
        nova-1 input 0.6 USD 1000000 token
        nova-1 output 2.2 USD 1000000 token
        nova-2 cache_storage free - - -
        nova-2 cached_input 0.03 USD 1000000 token
        nova-2 input 0.2 USD 1000000 token
        nova-2 output 1.1 USD 1000000 token
        """,
    ),
    "a strange unit phrase beside a known one": (
        """
        | Model | Price |
        |---|---|
        | nova-1 | $0.027 per M Zorblax tokens, $0.20 per M output tokens |
        """,
        """
        nova-1 output 0.20 USD 1000000 token
        """,
    ),
    "a promotion in brackets is no condition": (
        """
        | 模型 | 价格 |
        |---|---|
        | nova-1 | 输入：0.8元/百万tokens（原价2元，限时4折）输出：8元/百万tokens |
        """,
        """
        nova-1 input 0.8 CNY 1000000 token list=2
        nova-1 output 8 CNY 1000000 token
        """,
    ),
    "three rows of headings that the page does not mark": (
        """
        <p>Prices in USD per 1M tokens.</p><table><tr>
        <td rowspan=3>Model</td><td colspan=4>Price ($)</td></tr>
        <tr>
        <td colspan=2>Prompts ≤ 200K</td><td colspan=2>Prompts &gt; 200K</td></tr>
        <tr>
        <td>Input</td><td>Output</td><td>Input</td><td>Output</td></tr>
        <tr>
        <td>nova-1</td><td>2.00</td><td>8.00</td><td>4.00</td><td>12.00</td></tr>
        <tr>
        <td>nova-2</td><td>0.20</td><td>0.80</td><td>0.40</td><td>1.20</td></tr>
        </table>
        """,
        """
        nova-1 input 2.00 USD 1000000 token context_tokens=None..200000
        nova-1 input 4.00 USD 1000000 token context_tokens=200000..None
        nova-1 output 12.00 USD 1000000 token context_tokens=200000..None
        nova-1 output 8.00 USD 1000000 token context_tokens=None..200000
        nova-2 input 0.20 USD 1000000 token context_tokens=None..200000
        nova-2 input 0.40 USD 1000000 token context_tokens=200000..None
        nova-2 output 0.80 USD 1000000 token context_tokens=None..200000
        nova-2 output 1.20 USD 1000000 token context_tokens=200000..None
        """,
    ),
    "the list price is the only price": (
        """
        <table><tr>
        <td>产品名</td><td>计费项</td><td>刊例价</td><td>单位</td></tr>
        <tr>
        <td rowspan=2>nova-1.5-pro</td><td>推理输入</td><td>0.80</td><td rowspan=2>元/百万tokens</td></tr>
        <tr>
        <td>推理输出</td><td>2.00</td></tr>
        </table>
        """,
        """
        nova-1.5-pro input 0.80 CNY 1000000 token
        nova-1.5-pro output 2.00 CNY 1000000 token
        """,
    ),
    "three meters in one cell": (
        """
        | Model | Input / Cached / Output ($ per 1M tokens) |
        |---|---|
        | nova-1 | $2.00 / $0.50 / $8.00 |
        | nova-2 | $1.00 / $0.25 / $4.00 |
        """,
        """
        nova-1 cached_input 0.50 USD 1000000 token
        nova-1 input 2.00 USD 1000000 token
        nova-1 output 8.00 USD 1000000 token
        nova-2 cached_input 0.25 USD 1000000 token
        nova-2 input 1.00 USD 1000000 token
        nova-2 output 4.00 USD 1000000 token
        """,
    ),
    "the scale stands behind the brackets": (
        """
        | 模型 | 条件 | 输入（元/百万token） | 输出（元/百万token） |
        |---|---|---|---|
        | nova-6 | 输入长度 [0, 32] 千 token 且输出长度 [0, 0.2] 千 token | 0.8 | 2 |
        | nova-6 | 输入长度 [0, 32] 千 token 且输出长度 (0.2, +∞) 千 token | 0.8 | 8 |
        | nova-6 | 输入长度 (32, 128] 千 token | 1.2 | 16 |
        """,
        """
        nova-6 input 0.8 CNY 1000000 token context_tokens=None..32000 output_tokens=200..None
        nova-6 input 0.8 CNY 1000000 token context_tokens=None..32000 output_tokens=None..200
        nova-6 input 1.2 CNY 1000000 token context_tokens=32000..128000
        nova-6 output 16 CNY 1000000 token context_tokens=32000..128000
        nova-6 output 2 CNY 1000000 token context_tokens=None..32000 output_tokens=None..200
        nova-6 output 8 CNY 1000000 token context_tokens=None..32000 output_tokens=200..None
        """,
    ),
    "the struck price stands on a line of its own": (
        """
        <table><tr>
        <th>Model</th><th>Input (1M tokens)</th><th>Output (1M tokens)</th></tr>
        <tr>
        <td>nova-1</td><td><del>$2.00</del> $1.00</td><td><s>$8.00</s><br>$4.00</td></tr>
        </table>
        """,
        """
        nova-1 input 1.00 USD 1000000 token list=2.00
        nova-1 output 4.00 USD 1000000 token list=8.00
        """,
    ),
    "group rows name a tier": (
        """
        | Model | Input ($/MTok) | Output ($/MTok) |
        |---|---|---|
        | **Nova family** | | |
        | nova-1 | 1.00 | 2.00 |
        | **Batch** | | |
        | nova-1 | 0.50 | 1.00 |
        """,
        """
        nova-1 input 0.50 USD 1000000 token batch
        nova-1 input 1.00 USD 1000000 token
        nova-1 output 1.00 USD 1000000 token batch
        nova-1 output 2.00 USD 1000000 token
        """,
    ),
    "a row of its own names the model": (
        """
        | Item | Price per 1M tokens |
        |---|---|
        | **nova-1** | |
        | Input | $1.00 |
        | Output | $4.00 |
        | **nova-2** | |
        | Input | $2.00 |
        | Output | $8.00 |
        """,
        """
        nova-1 input 1.00 USD 1000000 token
        nova-1 output 4.00 USD 1000000 token
        nova-2 input 2.00 USD 1000000 token
        nova-2 output 8.00 USD 1000000 token
        """,
    ),
    "two rows of headings whose spans were lost": (
        """
        <table><tr>
        <td>模型名称</td><td>模型调用价格（元/千tokens）</td><td></td></tr>
        <tr>
        <td></td><td>输入</td><td>输出</td></tr>
        <tr>
        <td>nova-a</td><td>0.002</td><td>0.006</td></tr>
        <tr>
        <td>nova-b</td><td>0.01</td><td>0.03</td></tr>
        </table>
        """,
        """
        nova-a input 0.002 CNY 1000 token
        nova-a output 0.006 CNY 1000 token
        nova-b input 0.01 CNY 1000 token
        nova-b output 0.03 CNY 1000 token
        """,
    ),
    "names across over bare numbers": (
        """
        | 计费项 | nova-a | nova-b |
        |---|---|---|
        | 输入（元/百万tokens） | 2 | 4 |
        | 输出（元/百万tokens） | 8 | 16 |
        """,
        """
        nova-a input 2 CNY 1000000 token
        nova-a output 8 CNY 1000000 token
        nova-b input 4 CNY 1000000 token
        nova-b output 16 CNY 1000000 token
        """,
    ),
    "an identifier in the heading": (
        """
        ### nova-turbo

        | Prompt length | Input (per MTok) | Output (per MTok) |
        |---|---|---|
        | ≤ 200K tokens | $3 | $15 |
        | > 200K tokens | $6 | $22.50 |
        """,
        """
        nova-turbo input 3 USD 1000000 token context_tokens=None..200000
        nova-turbo input 6 USD 1000000 token context_tokens=200000..None
        nova-turbo output 15 USD 1000000 token context_tokens=None..200000
        nova-turbo output 22.50 USD 1000000 token context_tokens=200000..None
        """,
    ),
    "a list price in brackets behind a bare number": (
        """
        | 模型 | 输入（元/百万tokens） | 输出（元/百万tokens） |
        |---|---|---|
        | nova-1 | 2（原价4） | 8（原价16） |
        """,
        """
        nova-1 input 2 CNY 1000000 token list=4
        nova-1 output 8 CNY 1000000 token list=16
        """,
    ),
    "a column of deployments holds no models": (
        """
        | Model | Deployment | Input ($/1M) | Output ($/1M) |
        |---|---|---|---|
        | GPN-9 | Global | 1.00 | 2.00 |
        | GPN-9 | Data Zone | 1.10 | 2.20 |
        """,
        """
        GPN-9 input 1.00 USD 1000000 token region=global
        GPN-9 input 1.10 USD 1000000 token region=data zone
        GPN-9 output 2.00 USD 1000000 token region=global
        GPN-9 output 2.20 USD 1000000 token region=data zone
        """,
    ),
    "what tells two rows apart goes to all their prices": (
        """
        | Model | Provider | Input ($/1M) | Output ($/1M) | Cached ($/1M) |
        |---|---|---|---|---|
        | nova-1 | Alpha | 1.00 | 2.00 | 0.50 |
        | nova-1 | Beta | 1.10 | 2.20 | 0.50 |
        """,
        """
        nova-1 cached_input 0.50 USD 1000000 token other=Alpha
        nova-1 cached_input 0.50 USD 1000000 token other=Beta
        nova-1 input 1.00 USD 1000000 token other=Alpha
        nova-1 input 1.10 USD 1000000 token other=Beta
        nova-1 output 2.00 USD 1000000 token other=Alpha
        nova-1 output 2.20 USD 1000000 token other=Beta
        """,
    ),
    "同上 with a note, and a heading that shares its neighbours' unit": (
        """
        | モデル | 入力料金（100万トークンあたり） | キャッシュ入力 | 出力料金（100万トークンあたり） |
        |---|---|---|---|
        | nova-1 | $1.00 | $0.10 | $4.00 |
        | 同上（バッチ） | $0.50 | $0.05 | $2.00 |
        """,
        """
        nova-1 cached_input 0.05 USD 1000000 token batch
        nova-1 cached_input 0.10 USD 1000000 token
        nova-1 input 0.50 USD 1000000 token batch
        nova-1 input 1.00 USD 1000000 token
        nova-1 output 2.00 USD 1000000 token batch
        nova-1 output 4.00 USD 1000000 token
        """,
    ),
    "citation tokens are explained by nobody": (
        """
        ## nova-deep

        | Type | Price per 1M tokens |
        |---|---|
        | Input tokens | $2.00 |
        | Output tokens | $8.00 |
        | Citation tokens | $2.00 |
        | Reasoning tokens | $3.00 |
        """,
        """
        nova-deep input 2.00 USD 1000000 token
        nova-deep output 3.00 USD 1000000 token other=reasoning tokens
        nova-deep output 8.00 USD 1000000 token
        """,
    ),
    "a row that may have lost a middle cell is refused below full rows too": (
        """
        | Model | Input (1M tokens) | Cached (1M tokens) | Output (1M tokens) |
        |---|---|---|---|
        | nova-2 | $2.00 | $0.50 | $5.00 |
        | nova-3 | $1.00 | $4.00 |
        """,
        """
        nova-2 cached_input 0.50 USD 1000000 token
        nova-2 input 2.00 USD 1000000 token
        nova-2 output 5.00 USD 1000000 token
        """,
    ),
    "one unit behind the last of two amounts": (
        """
        | Model | Price |
        |---|---|
        | nova-chat | $0.50 input / $1.50 output per 1M tokens |
        | nova-embed | $0.02 / 1M tokens |
        """,
        """
        nova-chat input 0.50 USD 1000000 token
        nova-chat output 1.50 USD 1000000 token
        nova-embed input 0.02 USD 1000000 token
        """,
    ),
    "what holds later is not in force": (
        """
        | Model | Input | Output |
        |---|---|---|
        | nova-1 | $0.50 (until 2026-12-31, then $1.00) / 1M tokens | $2.00 / 1M tokens |
        """,
        """
        nova-1 input 0.50 USD 1000000 token
        nova-1 output 2.00 USD 1000000 token
        """,
    ),
    "notes hold no prices where columns do": (
        """
        | 模型 | 输入价格（元/百万tokens） | 命中缓存价格（元/百万tokens） | 输出价格（元/百万tokens） | 备注 |
        |---|---|---|---|---|
        | nova-1 | 4 | 1 | 16 | 上下文 128K，限时5折 |
        """,
        """
        nova-1 cached_input 1 CNY 1000000 token
        nova-1 input 4 CNY 1000000 token
        nova-1 output 16 CNY 1000000 token
        """,
    ),
    "a unit on the line below its amount": (
        """
        <table><tr>
        <th>Model</th><th>Input</th><th>Output</th></tr>
        <tr>
        <td>Nova Max<br><code>nova-max-2026</code></td><td>$1.20<br>/ 1M tokens</td><td>$6.00<br>/ 1M tokens</td></tr>
        </table>
        """,
        """
        Nova Max input 1.20 USD 1000000 token
        Nova Max output 6.00 USD 1000000 token
        """,
    ),
    "in and out for input and output": (
        """
        | Model | Context | Input | Cost ($/M tokens in/out) |
        |---|---|---|---|
        | Nova 4 Max | 1M | text, image | $0.27 / $0.85 |
        | Nova 4 Mini | 1M | text | $0.18 / $0.59 |
        """,
        """
        Nova 4 Max input 0.27 USD 1000000 token
        Nova 4 Max output 0.85 USD 1000000 token
        Nova 4 Mini input 0.18 USD 1000000 token
        Nova 4 Mini output 0.59 USD 1000000 token
        """,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_page_says_exactly_this(name: str) -> None:
    page, expected = CASES[name]
    wanted = sorted(line.strip() for line in expected.strip().splitlines())

    assert sorted(brief(rate) for rate in read(page).rates) == wanted


@pytest.mark.parametrize("parting", [" ", ", ", "<br>", " / "])
def test_two_modes_in_one_cell_are_two_prices(parting: str) -> None:
    cell = f"Non-thinking: $0.60{parting}Thinking: $3.50"
    page = read(f"| Model | Output price per 1M tokens |\n|---|---|\n| nova-1 | {cell} |\n")

    assert {(rate.conditions.mode, str(rate.amount)) for rate in page.rates} == {
        ("non_thinking", "0.60"),
        ("thinking", "3.50"),
    }


def test_a_tier_before_two_meters_holds_for_both() -> None:
    page = read("| Model | Price per 1M tokens |\n|---|---|\n| nova-1 | Batch: $1 input, $2 output |\n")

    assert {(rate.service_tier, rate.meter) for rate in page.rates} == {("batch", "input"), ("batch", "output")}


@pytest.mark.parametrize(
    "cell",
    [
        "Input $1 ($0.10 cached), output $2",
        "Input: $1 ($0.10 cached) / Output: $2",
        "Input $1 ($0.10 cached), output $2 (excl. tax)",
        "输入 $1（$0.10 缓存命中），输出 $2",
    ],
)
def test_words_behind_an_amount_in_a_bracket_are_of_it_alone(cell: str) -> None:
    page = read(f"| Model | Price per 1M tokens |\n|---|---|\n| nova-1 | {cell} |\n")

    assert {(rate.meter, str(rate.amount)) for rate in page.rates} == {
        ("input", "1"),
        ("cached_input", "0.10"),
        ("output", "2"),
    }
    assert page.complaints == ()


def test_brackets_at_the_end_of_a_line_leave_its_labels_in_front() -> None:
    cell = "Input $1 ($0.10 cached), output $2 ($3 audio output)"
    page = read(f"| Model | Price per 1M tokens |\n|---|---|\n| nova-1 | {cell} |\n")

    assert {(rate.meter, str(rate.amount)) for rate in page.rates} == {
        ("input", "1"),
        ("cached_input", "0.10"),
        ("output", "2"),
        ("audio_output", "3"),
    }
